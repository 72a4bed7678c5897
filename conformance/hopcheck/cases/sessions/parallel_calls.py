"""Agents that call several tools at once, for many turns."""

import json
from typing import Any

from hopcheck import (
    EditsObjects,
    Events,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
)
from hopcheck.cases.sessions.histories import AgentCall, turns_of, written
from hopcheck.cases.sessions.tool_rounds import ASKED, AT_ONCE, TOOLS, TURNS, answered, called, earlier, pairs, wanted

SCRIPTS = {
    f"t{turn}": reply.chat("I look.", tools=[reply.call(one.name, one.arguments, id=one.id) for one in called(turn)])
    for turn in range(TURNS - ASKED, TURNS)
}


@case(
    "sessions.parallel-calls",
    level="MUST",
    on=("chat.stream", "messages.stream", "responses.stream"),
    because="agents stream",
    refs=["OAI function calling: parallel calls", "Anthropic API: parallel tool use", "litellm: calls share an index"],
    needs=["two_sided"],
    upstream=SCRIPTS,
)
async def parallel_calls(target: Target, ask: Operation) -> Findings:
    """In a session of 30 turns, an agent gets all calls of each turn, and the provider each result with its call."""
    writes = turns_of(ask)
    turns = earlier(writes)
    for turn in range(TURNS - ASKED, TURNS):
        response = await ask.stream(script=f"t{turn}", **writes.history(turns), tools=TOOLS)
        calls = [_read(one) for one in response.tool_calls()]
        yield expect("calls of a turn", [_meant(one) for one in calls], equals=[_meant(one) for one in called(turn)])
        if len({one.id for one in calls}) < AT_ONCE:
            return
        turns = [*turns, *answered(writes, calls)]
    last = await ask(script=f"t{TURNS - 1}", **writes.history(turns), tools=TOOLS)
    found = list(pairs(written((await target.forwarded(last)).json)))
    yield expect("results with their calls", found, equals=[one for turn in range(TURNS) for one in wanted(turn)])


def _read(call: Any) -> AgentCall:
    return AgentCall(*(str(dig(call, name)) for name in ("id", "name", "arguments")))


def _meant(call: AgentCall) -> tuple[str, Any]:
    """A call as far as a gateway has to keep it: its id may be another one towards the client."""
    try:
        return call.name, json.loads(call.arguments)
    except ValueError:
        return call.name, call.arguments


_TRIPS = ("messages.*", "responses.*", "sessions.*", "stream.*", "tools.*", "translation.*")


@parallel_calls.mutant(killed_by="calls of a turn", on="chat.stream", trips=_TRIPS)
class GivesOneIndex(Relay):
    """All calls of a stream have the same index."""

    def events(self, events: Events) -> Events:
        def edit(choice: dict[str, Any]) -> None:
            for one in choice["delta"].get("tool_calls") or ():
                one["index"] = 0

        return edits.chunk_choices(events, edit)


@parallel_calls.mutant(killed_by="calls of a turn", on=("messages.stream", "responses.stream"), trips=_TRIPS)
class MixesArguments(EditsObjects):
    """Every call has the arguments of the first."""

    def edit(self, content: dict[str, Any]) -> None:
        for name in ("partial_json", "arguments", "delta"):
            if isinstance(content.get(name), str):
                content[name] = content[name].replace(".1", ".0").replace(".2", ".0")


@parallel_calls.mutant(killed_by="results with their calls", trips=_TRIPS)
class SendsLastResults(Relay):
    """Of results that come together, the last is sent with each of their ids."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        text = json.dumps(outgoing.json)
        for place in range(1, AT_ONCE):
            for turn in range(TURNS):
                text = text.replace(f'of {{\\"q\\": \\"{turn}.{place}', f'of {{\\"q\\": \\"{turn}.0')
        return outgoing.with_json(json.loads(text))
