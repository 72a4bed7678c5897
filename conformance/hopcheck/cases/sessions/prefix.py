"""The history of a session, as the upstream gets it turn by turn."""

import itertools
import json
from typing import Any

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    edits,
    expect,
    function_tools,
    items,
    reply,
)
from hopcheck.cases.sessions.histories import AgentCall, ChatTurns, canonical, turns_of, written

TURNS = 4

TOOLS = function_tools("look_up", "note")


def history(writes: ChatTurns, turns: int) -> list[dict[str, Any]]:
    """The history of a session after a number of turns, each with a call and its result."""
    made: list[dict[str, Any]] = []
    for turn in range(turns):
        made += writes.question(f"Question {turn}")
        made += writes.calls("I look.", [AgentCall(f"call_{turn}", "look_up", '{"q": "é"}')])
        made += writes.results({f"call_{turn}": f"result {turn}"})
        made += writes.answer(f"Answer {turn}")
    return [*made, *writes.question("Next?")]


@case(
    "sessions.prefix-stable",
    level="SHOULD",
    on=GENERATING,
    refs=["OAI prompt caching", "maximhq/bifrost#2347", "anthropic: prompt caching"],
    needs=["two_sided"],
    upstream=reply.chat("Hello"),
)
async def prefix_stable(target: Target, ask: Operation) -> Findings:
    """In a session, what one turn sent goes upstream again as the beginning of the next: prompt caches depend on it."""
    writes, forwarded = turns_of(ask), []
    for turn in range(1, TURNS + 1):
        body = await target.openai_form(await ask(**writes.history(history(writes, turn)), tools=TOOLS))
        forwarded.append((canonical(written(body))[:-1], canonical(items(body, "tools"))))
    changed = [
        turn
        for turn, ((before, _), (after, _)) in enumerate(itertools.pairwise(forwarded), 2)
        if after[: len(before)] != before
    ]
    yield expect("turns that change what was sent before", changed, equals=[])
    tools = [turn for turn, (_, one) in enumerate(forwarded, 1) if one != forwarded[0][1]]
    yield expect("turns with other tools", tools, equals=[])


_TRIPS = ("messages.*", "requests.*", "responses.*", "sessions.*", "tools.*")


@prefix_stable.mutant(killed_by="turns that change what was sent before", trips=_TRIPS)
class NumbersTurns(Relay):
    """The first question says how long the conversation is, so that the model can keep it short."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        length = len(written(outgoing.json))
        text = json.dumps(outgoing.json).replace("Question 0", f"Question 0 (of {length} messages)")
        return outgoing.with_json(json.loads(text)) if "Question 0" in outgoing.body.decode() else outgoing


@prefix_stable.mutant(killed_by="turns that change what was sent before", trips=_TRIPS)
class RenamesCalls(Relay):
    """Calls in the history get new ids each time, as some providers want them short."""

    turns = itertools.count()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        turn = next(self.turns)
        text = json.dumps(outgoing.json).replace('"call_', f'"call_t{turn}_')
        return outgoing.with_json(json.loads(text)) if '"call_' in outgoing.body.decode() else outgoing


@prefix_stable.mutant(killed_by="turns with other tools", trips=_TRIPS)
class ShufflesTools(Relay):
    """Tools are offered in another order in every second turn."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        is_second = outgoing.body.count(b"Question ") % 2
        return edits.request_field(outgoing, "tools", lambda tools: tools[::-1] if is_second else tools)
