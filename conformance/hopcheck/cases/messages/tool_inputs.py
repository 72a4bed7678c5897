"""The input of a call, in its pieces."""

from typing import Any

from hopcheck import (
    Events,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    function_tools,
    reply,
)

PIECES = ('{"city": "', "x\\u00", "e9", '", "n": ', "1", "2", "}")
"""Cut inside an escape and a number, with pieces of one character."""


@case(
    "messages.input-pieces",
    level="MUST",
    on="messages.stream",
    refs=["Anthropic API streaming: input_json_delta", "anthropic-python: broken input becomes {}"],
    upstream=reply.chat(tools=[reply.call("weather", *PIECES)]),
)
async def input_pieces(target: Target, ask: Operation) -> Findings:
    """The pieces of a call's input make up valid JSON, and belong to the call's own block."""
    stream = await ask.stream(tools=function_tools("weather"))
    deltas = [one for one in stream.objects if dig(one, "delta", "type") == "input_json_delta"]
    joined = "".join(str(dig(one, "delta", "partial_json")) for one in deltas)
    yield expect("input", joined, equals="".join(PIECES))
    yield expect("blocks of the pieces", sorted({str(dig(one, "index")) for one in deltas}), equals=["0"])


@input_pieces.mutant(killed_by="input", trips=("messages.calls", "sessions.parallel-calls"))
class LosesAPiece(Relay):
    """Of a call's input, the first piece is lost."""

    async def events(self, events: Events) -> Events:
        is_lost = False
        async for event in events:
            if not is_lost and dig(event.json, "delta", "partial_json"):
                is_lost = True
                continue
            yield event


@input_pieces.mutant(killed_by="blocks of the pieces", trips=("messages.calls", "sessions.parallel-calls"))
class CountsPieces(Relay):
    """Every piece has the next index."""

    def events(self, events: Events) -> Events:
        number = 0

        def edit(content: dict[str, Any]) -> None:
            nonlocal number
            if dig(content, "delta", "type") == "input_json_delta":
                content["index"], number = number, number + 1

        return edits.every_event_object(events, edit)


@input_pieces.mutant(killed_by="input", trips=("stream.flush-pieces",))
class LosesShortPieces(Relay):
    """Of a call's input, pieces of one character are lost."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if len(str(dig(event.json, "delta", "partial_json") or "")) != 1:
                yield event
