"""Whether what isn't text arrives when it comes: the arguments of calls, and reasoning."""

import asyncio
from typing import Any

from hopcheck import (
    STREAMED,
    Event,
    Events,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    expect,
    function_tools,
    reply,
)
from hopcheck.cases.stream.flush import ARRIVAL_S
from hopcheck.cases.stream.silences import read_until

SEEN, LATER = "^", "l4ter"
"""What comes before a silence, which no gateway can split further, and what doesn't."""

SILENT: dict[str, Any] = {"hang": "events", "hang_after": 4}


@case(
    "stream.flush-pieces",
    level="SHOULD",
    on=STREAMED,
    refs=["litellm#29557", "dstack#4269"],
    isolation="exclusive",
    upstream={
        "call": reply.stream(tools=[reply.call("look_up", '{"q": "', SEEN, LATER, LATER, '"}')], **SILENT),
        "thought": reply.stream("Hello", reasoning=(SEEN, LATER, LATER, LATER, LATER), **SILENT),
    },
)
async def flush_pieces(target: Target, ask: Operation) -> Findings:
    """The pieces of a call's arguments, and of reasoning, are passed on when they come, and not held until the end."""
    tools = function_tools("look_up")
    called, thought = await asyncio.gather(
        _begun(target, ask, script="call", tools=tools), _begun(target, ask, script="thought")
    )
    yield expect("arguments before a silence", called, contains=SEEN)
    if target.declares.reasoning:
        yield expect("reasoning before a silence", thought, contains=SEEN)


async def _begun(target: Target, ask: Operation, **fields: Any) -> str:
    """What comes of a stream whose provider falls silent."""
    async with await ask.open(**fields) as live:
        await target.arrival(live.response.marker, timeout_s=ARRIVAL_S)
        await read_until(live, lambda: SEEN in "".join(live.stream.data))
    return "".join(live.stream.data)


class _Collects(Relay):
    """Base of those that hold some events until another one comes."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        async for event in events:
            held.append(event)
            if not self.holds(event.raw):
                for before in held:
                    yield before
                held = []

    def holds(self, raw: bytes) -> bool:
        """Whether the event is held."""
        return False


@flush_pieces.mutant(killed_by="arguments before a silence")
class CollectsCalls(_Collects):
    """The pieces of a call are held until the call is complete."""

    def holds(self, raw: bytes) -> bool:
        return any(word in raw for word in (b'"tool_calls":', b"input_json_delta", b"function_call_arguments.delta"))


@flush_pieces.mutant(killed_by="reasoning before a silence")
class ThinksToTheEnd(_Collects):
    """Reasoning is held until there is text."""

    def holds(self, raw: bytes) -> bool:
        return any(word in raw for word in (b'"reasoning_content":', b'"thinking_delta"', b"event: response.reasoning"))
