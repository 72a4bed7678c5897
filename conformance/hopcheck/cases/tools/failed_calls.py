"""Calls during which the provider fails."""

from hopcheck import DONE, Events, Findings, Relay, Target, case, dig, edits, event_of, expect, reply
from hopcheck.cases.tools.calls import OFFERED

OVERLOADED = {"message": "The engine is overloaded.", "type": "server_error", "code": "overloaded"}


@case(
    "tools.error-in-call",
    level="MUST",
    on="chat.stream",
    because="only a stream has begun when it fails",
    refs=["litellm#36768"],
    upstream=reply.stream(
        tools=[reply.call("weather", '{"city": "Os')], failure=reply.error_story(529, OVERLOADED), pace_s=0.01
    ),
    trips_on=["stream.finish-*:*", "stream.error-mid:*"],
)
async def error_in_call(target: Target) -> Findings:
    """An error within a call shows: the call isn't taken for a whole one."""
    stream = await target.chat.stream(tools=OFFERED)
    await target.forwarded(stream)
    yield expect("finish reasons", stream.ends(), equals=[])
    message = dig(stream.error, "message")
    # SHOULD where the connection breaks instead: that the call isn't whole is known then, too.
    broke = stream.ended != "complete"
    yield expect("message of the error", message, holds=bool(message), to="a text", level="SHOULD" if broke else None)


@error_in_call.mutant(killed_by="message of the error", trips=("stream.cut",))
class EndsFailedCalls(Relay):
    """A stream that fails within a call ends there, with `[DONE]` and no word of the error."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            called = called or b'"tool_calls":' in event.raw
            yield DONE if called and "error" in (event.json or {}) else event


@error_in_call.mutant(killed_by="finish reasons", trips=("stream.cut",))
class FinishesOpenCalls(Relay):
    """An error within a call is taken for the call's end."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            called = called or b'"tool_calls":' in event.raw
            is_error = called and edits.chunk_of(event) is None and "error" in (event.json or {})
            for one in (event_of(reply.delta(finish="tool_calls")), DONE) if is_error else (event,):
                yield one
