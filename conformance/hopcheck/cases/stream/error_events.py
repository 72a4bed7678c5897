"""Errors within a stream that has begun."""

from hopcheck import (
    DONE,
    Event,
    Events,
    Findings,
    Relay,
    Target,
    case,
    dig,
    edits,
    event_of,
    expect,
    reply,
)

STOP = event_of(reply.delta(finish="stop"))
OVERLOADED = {"message": "The engine is overloaded.", "type": "server_error", "code": "overloaded"}
FAILURE = reply.error_story(529, OVERLOADED)


@case(
    "stream.error-mid",
    level="MUST",
    refs=["gatewayproof", "litellm#36768", "openai-python raises APIError"],
    upstream=reply.stream("Hel", failure=FAILURE, pace_s=0.01),
)
async def error_mid(target: Target) -> Findings:
    """An error in mid-stream shows, as an error event at best, and no finish reason is made up."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    message = dig(stream.error, "message")
    # SHOULD where the connection breaks instead: what failed isn't known then, but that it failed is.
    broke, is_text = stream.ended != "complete", isinstance(message, str) and message != ""
    yield expect("message of the error", message, holds=is_text, to="a text", level="SHOULD" if broke else None)
    yield expect("finish reasons", stream.ends(), equals=[])


@error_mid.mutant(killed_by="message of the error", trips=("messages.broken-stream", "chat.unknown-response-fields"))
class SaysErrorsAsText(Relay):
    """The error is written into the response's text."""

    def sound(self, events: Events) -> Events:
        return super().sound(_as_text(events))


@error_mid.mutant(killed_by="finish reasons")
class FinishesErrors(Relay):
    """After an error event the stream is ended as all are: with a finish reason and `[DONE]`."""

    async def sound(self, events: Events) -> Events:
        async for event in super().sound(events):
            yield event
            if edits.chunk_of(event) is None and "error" in (event.json or {}):
                yield STOP
                yield DONE


async def _as_text(events: Events) -> Events:
    async for event in events:
        if "error" in (event.json or {}):
            yield _text_event(f"Error: {dig(event.json, 'error', 'message')}")
            yield STOP
        else:
            yield event


def _text_event(text: str) -> Event:
    return event_of(reply.delta(content=text))
