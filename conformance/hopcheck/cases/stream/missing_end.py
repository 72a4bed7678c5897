"""A chat stream that its provider ends without an end."""

from hopcheck import (
    Events,
    Findings,
    Relay,
    Target,
    case,
    dig,
    event_of,
    expect,
    function_tools,
    items,
    reply,
)
from hopcheck.cases.stream.done_once import CALL


@case(
    "stream.done-missing-upstream",
    level="SHOULD",
    needs=["parses", "stream_terminator"],
    refs=["failoverbench S11", "Bifrost#6390"],
    upstream={"": reply.stream("Hel", "lo", done=0), "call": reply.stream("Hel", "lo", tools=[CALL], done=0)},
)
async def done_missing_upstream(target: Target) -> Findings:
    """A finished answer that the provider ends without `[DONE]` reaches the client whole, with `[DONE]` at its end."""
    stream = await target.chat.stream()
    yield expect("answer", stream.summary, equals={"text": "Hello", "finish": "stop", "done": True})
    called = await target.chat.stream(script="call", tools=function_tools("look_up"))
    yield expect("answer with a call", called.summary, equals={"text": "Hello", "finish": "tool_calls", "done": True})


@done_missing_upstream.mutant(killed_by="answer with a call")
class WantsDoneAfterCalls(Relay):
    """A stream that finished with calls and has no `[DONE]` ends in an error."""

    def sound(self, events: Events) -> Events:
        async def wanting() -> Events:
            last = ""
            async for event in events:
                reasons = [dig(one, "finish_reason") for one in items(event.json, "choices")]
                last = "done" if event.is_done else next(filter(None, reasons), last)
                yield event
            if last == "tool_calls":
                yield event_of({"error": {"message": "Broken.", "type": "server_error", "param": None, "code": None}})

        return super().sound(wanting())


@done_missing_upstream.mutant(killed_by="answer")
class OnlyPassesDoneOn(Relay):
    """`[DONE]` is passed on where there is one, and not made up for where there is none."""

    async def sound(self, events: Events) -> Events:
        ended = False

        async def noted() -> Events:
            nonlocal ended
            async for event in events:
                ended = event.is_done
                yield event

        async for event in super().sound(noted()):
            if ended or not event.is_done:
                yield event
