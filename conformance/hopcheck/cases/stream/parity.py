"""The same answer as a stream and in one piece, and the one where the other was asked for."""

import asyncio
from typing import Any

from hopcheck import (
    Events,
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
)

WHOLE = {"text": "  Hello\n", "finish": "length", "usage": dict(reply.USAGE)}
IN_ONE_PIECE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
}


@case(
    "stream.nonstream-parity",
    level="MUST",
    refs=["gatewayproof", "litellm#36114"],
    upstream=reply.chat("  Hel", "lo\n", finish="length"),
)
async def nonstream_parity(target: Target) -> Findings:
    """One answer has the same text, finish reason and token counts, whether it comes as a stream or in one piece."""
    answer, stream = await target.chat.create(), await target.chat.stream(stream_options={"include_usage": True})
    finish = answer.at("choices", 0, "finish_reason")
    piece = {"text": dig(answer.message, "content"), "finish": finish, "usage": _counts(answer.at("usage"))}
    yield expect("in one piece", piece, equals=WHOLE)
    usage = _counts(stream.usages[-1] if stream.usages else None)
    yield expect(
        "as a stream", {"text": stream.joined(), "finish": stream.summary["finish"], "usage": usage}, equals=WHOLE
    )


@nonstream_parity.mutant(killed_by="in one piece", trips=("tools.text-and-call", "chat.*"))
class StopsInOnePiece(Relay):
    """Answers in one piece always say `stop`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(finish_reason="stop"))


@nonstream_parity.mutant(killed_by="as a stream", trips=("stream.usage-chunk", "stream.usage-on-last-content"))
class CountsChunks(Relay):
    """A stream's tokens are counted by its chunks."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.get("usage") and chunk["usage"].update(completion_tokens=2))


@case(
    "stream.json-instead",
    level="SHOULD",
    needs=["parses"],
    refs=["compatcanary"],
    upstream={
        "piece": reply.json_body(IN_ONE_PIECE),
        "events": reply.events(reply.delta(role="assistant", content="Hello"), reply.delta(finish="stop")),
    },
)
async def other_kind(target: Target) -> Findings:
    """What a provider answers in the wrong kind, stream or not, is turned into the right one or into an error."""
    stream, answer = await asyncio.gather(target.chat.stream(script="piece"), target.chat.create(script="events"))
    await asyncio.gather(target.forwarded(stream), target.forwarded(answer))
    turned = stream.summary == {"text": "Hello", "finish": "stop", "done": True}
    yield expect(
        "a stream, asked for", _seen(stream), holds=turned or stream.shows_failure, to="the answer, or an error"
    )
    failed = (answer.status or 0) >= 400 and answer.error is not None
    turned = dig(answer.message, "content") == "Hello"
    yield expect("one piece, asked for", _seen(answer), holds=turned or failed, to="the answer, or an error")


@other_kind.mutant(killed_by="a stream, asked for", trips=("errors.upstream-html",))
class StreamsNothing(Relay):
    """An answer in one piece is read as a stream, in which there are no events."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "garbled" and incoming.streams:
            return RelayedResponse(incoming, 200, [("Content-Type", "text/event-stream")], b"data: [DONE]\n\n")
        return await super().failed(incoming, failure)


@other_kind.mutant(killed_by="one piece, asked for", trips=("errors.upstream-html",))
class AnswersNothing(Relay):
    """A stream is read as an answer in one piece, and what can't be parsed becomes an empty answer."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "garbled" and not incoming.streams:
            return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], b'{"choices":[]}')
        return await super().failed(incoming, failure)


def _counts(usage: Any) -> Any:
    """The three counts; vendors may say more."""
    return {name: dig(usage, name) for name in reply.USAGE}


def _seen(answer: Response) -> dict[str, Any]:
    return {"status": answer.status, "media type": answer.media_type, "body": answer.text[:200]}
