"""The history of a session, as the upstream gets it turn by turn."""

import itertools
import json
from typing import Any

from hopcheck import (
    ON_CHAT,
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

TURNS = 6

TOOLS = function_tools("look_up")


def history(turns: int) -> list[dict[str, Any]]:
    """The messages of a session after a number of turns, each with a call and its result."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for turn in range(turns):
        call = {"id": f"call_{turn}", "type": "function", "function": {"name": "look_up", "arguments": '{"q": "é"}'}}
        messages += [
            {"role": "user", "content": f"Question {turn}"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": f"result {turn}"},
            {"role": "assistant", "content": f"Answer {turn}"},
        ]
    return [*messages, {"role": "user", "content": "Next?"}]


def canonical(messages: list[Any]) -> list[str]:
    """Each message as canonical JSON."""
    return [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in messages]


@case(
    "sessions.prefix-stable",
    level="SHOULD",
    on=ON_CHAT,
    refs=["OAI prompt caching", "maximhq/bifrost#2347", "anthropic: prompt caching"],
    needs=["two_sided"],
    upstream=reply.chat("Hello"),
)
async def prefix_stable(target: Target, ask: Operation) -> Findings:
    """In a session, what one turn sent goes upstream again as the beginning of the next: prompt caches depend on it."""
    forwarded = []
    for turn in range(1, TURNS + 1):
        body = await target.openai_form(await ask(messages=history(turn), tools=TOOLS))
        forwarded.append((canonical(items(body, "messages"))[:-1], canonical(items(body, "tools"))))
    changed = [
        turn
        for turn, ((before, _), (after, _)) in enumerate(itertools.pairwise(forwarded), 2)
        if after[: len(before)] != before
    ]
    yield expect("turns that change what was sent before", changed, equals=[])
    tools = [turn for turn, (_, one) in enumerate(forwarded, 1) if one != forwarded[0][1]]
    yield expect("turns with other tools", tools, equals=[])


@prefix_stable.mutant(killed_by="turns that change what was sent before", trips=("requests.*", "tools.*"))
class NumbersTurns(Relay):
    """The system message says how long the conversation is, so that the model can keep it short."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def count(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [
                {**one, "content": f"{one['content']} ({len(messages)} messages)"} if one["role"] == "system" else one
                for one in messages
            ]

        return edits.request_field(outgoing, "messages", count)


@prefix_stable.mutant(killed_by="turns that change what was sent before", trips=("requests.*", "tools.*"))
class RenamesCalls(Relay):
    """Calls in the history get new ids each time, as some providers want them short."""

    turns = itertools.count()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        turn = next(self.turns)
        text = json.dumps(outgoing.json).replace('"call_', f'"call_t{turn}_')
        return outgoing.with_json(json.loads(text)) if '"call_' in outgoing.body.decode() else outgoing


@prefix_stable.mutant(killed_by="turns with other tools", trips=("requests.*", "tools.*"))
class ShufflesTools(Relay):
    """A tool of the gateway's own is offered in every second turn."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        more = function_tools("search") if len(outgoing.json.get("messages", ())) // 4 % 2 else []
        return edits.request_field(outgoing, "tools", lambda tools: [*tools, *more])
