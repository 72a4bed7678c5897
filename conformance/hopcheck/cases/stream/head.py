"""The head of a chat stream: what tells clients, and proxies on the way, that events follow."""

from dataclasses import replace

from hopcheck import STREAMED, Findings, Operation, Relay, RelayedResponse, Target, case, expect, reply

BODY = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
    '"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}\n\n'
    "data: [DONE]\n\n"
)


@case(
    "stream.content-type",
    on=STREAMED,
    level="MUST",
    refs=["OAI streaming", "compatcanary"],
    upstream=reply.stream("Hel", "lo"),
)
async def content_type(target: Target, ask: Operation) -> Findings:
    """A stream is answered with status 200 and the media type `text/event-stream`."""
    stream = await ask.stream()
    yield expect("status", stream.status, equals=200)
    yield expect("media type", stream.media_type, equals="text/event-stream")


@content_type.mutant(killed_by="status", trips=("*",))
class Accepts(Relay):
    """Streams are answered with 202, as if they were jobs."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        response.status = 202 if response.streamed else response.status
        return response


@content_type.mutant(killed_by="media type", trips=("http.request-forms",))
class CallsItJson(Relay):
    """Streams carry the content type of answers in one piece."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Type", "application/json") if response.streamed else response


@case(
    "stream.no-content-length",
    level="MUST",
    needs=["parses"],
    refs=["ai-gateway#2391", "ai-gateway#2392", "RFC 9112 6.2"],
    upstream=reply.events(BODY, done=0, content_length=len(BODY)),
)
async def no_content_length(target: Target) -> Findings:
    """A stream has no Content-Length next to chunks, and no wrong one; it should have none, as nobody knows its end."""
    stream = await target.chat.stream()
    lengths = stream.all("content-length") if stream.status else [stream.detail]
    fits = not lengths or (lengths == [str(len(stream.body))] and not stream.all("transfer-encoding"))
    yield expect("framing", stream.headers, holds=fits, to="one framing, which fits")
    yield expect("Content-Length", lengths, equals=[], level="SHOULD")


@no_content_length.mutant(killed_by="Content-Length", trips=("stream.typed-lines",))
class KeepsTheLength(Relay):
    """A stream ends where the provider's Content-Length says, and nothing can be added to it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        length = response.provider.header("content-length") if response.provider else None
        if not response.streamed or not length:
            return response
        return replace(response.with_header("Content-Length", length), framing="close")


@no_content_length.mutant(killed_by="framing", trips=("messages.*", "responses.*", "stream.typed-lines"))
class CopiesTheLength(Relay):
    """The provider's Content-Length is copied onto a chunked stream, which clients refuse to read."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        length = response.provider.header("content-length") if response.provider else None
        return response.with_header("Content-Length", length) if response.streamed and length else response


@case(
    "stream.anti-buffer-headers",
    on=STREAMED,
    level="SHOULD",
    needs=["parses"],
    refs=["litellm#29557", "llama.cpp#20872"],
    upstream=reply.stream("Hel", "lo"),
)
async def anti_buffer_headers(target: Target, ask: Operation) -> Findings:
    """A stream forbids caches to keep it (`Cache-Control`) and nginx to buffer it (`X-Accel-Buffering: no`)."""
    stream = await ask.stream()
    kept = ", ".join(stream.listed("cache-control")).lower()
    yield expect("Cache-Control", kept, holds="no-cache" in kept or "no-store" in kept, to="no-cache or no-store")
    yield expect("X-Accel-Buffering", stream.header("x-accel-buffering"), equals="no")


@anti_buffer_headers.mutant(killed_by="Cache-Control")
class AllowsCaches(Relay):
    """Streams say nothing about caches."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Cache-Control", None) if response.streamed else response


@anti_buffer_headers.mutant(killed_by="X-Accel-Buffering")
class AllowsBuffers(Relay):
    """Streams say nothing to the nginx in front, which gathers 16 KB before it sends them on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("X-Accel-Buffering", None) if response.streamed else response
