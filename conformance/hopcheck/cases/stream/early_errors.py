"""Errors of the provider's before a stream began."""

from hopcheck import Failure, Findings, IncomingRequest, Relay, RelayedResponse, Target, case, dig, expect, reply

FILTERED = {"message": "The input was refused.", "type": "invalid_request_error", "code": "content_policy"}
DONE = "data: [DONE]\n\n"
STOP = (
    'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
    '"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)


def streamed(incoming: IncomingRequest, body: str) -> RelayedResponse:
    """A stream that was made up."""
    return RelayedResponse(incoming, 200, [("Content-Type", "text/event-stream")], body.encode())


@case(
    "stream.error-before-first",
    level="MUST",
    refs=["litellm#38610", "litellm#36768"],
    upstream=reply.status(400, FILTERED),
)
async def error_before_first(target: Target) -> Findings:
    """A provider's error in place of a stream is an error status with a JSON body, and not a stream."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    yield expect("status", stream.status, at_least=400)
    message = dig(stream.json, "error", "message")
    yield expect("message of the JSON error", message, holds=isinstance(message, str) and message != "", to="a text")


@error_before_first.mutant(
    killed_by="status", trips=("auth.*", "errors.*", "fallback.*", "messages.*", "rate_limit.*", "responses.*")
)
class StreamsErrors(Relay):
    """Streams are begun before the provider has answered, and its error becomes their only event."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if not incoming.streams or failure.kind != "status":
            return response
        return streamed(incoming, f"data: {response.body.decode()}\n\n{DONE}")


@error_before_first.mutant(
    killed_by="message of the JSON error", trips=("errors.*", "fallback.all-fail", "messages.*", "responses.*")
)
class WritesPlainErrors(Relay):
    """Errors of streams are written as text."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.body = b"Bad request" if incoming.streams and failure.kind == "status" else response.body
        return response


@case(
    "stream.error-in-200",
    level="MUST",
    refs=["litellm#32237", "litellm#25492", "litellm#36768"],
    upstream=reply.events({"error": FILTERED}),
)
async def error_in_200(target: Target) -> Findings:
    """A provider's stream that begins with an error fails visibly: it isn't an empty answer that stopped."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    shown = {**stream.summary, "status": stream.status, "error": stream.error}
    yield expect("failure", shown, holds=stream.shows_failure, to="an error status, or an error event")
    yield expect("finish reasons", stream.ends(), equals=[])


@error_in_200.mutant(killed_by="failure", trips=("errors.in-success", "messages.error-first", "responses.error-first"))
class AnswersNothing(Relay):
    """An event without choices is skipped, and an answer without text is finished."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "error-event" and incoming.streams:
            return streamed(incoming, STOP + DONE)
        return await super().failed(incoming, failure)


@error_in_200.mutant(
    killed_by="finish reasons", trips=("errors.in-success", "messages.error-first", "responses.error-first")
)
class FinishesFailures(Relay):
    """A stream that begins with an error is ended as all are: with a finish reason."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind == "error-event" and incoming.streams:
            return streamed(incoming, f"data: {response.body.decode()}\n\n{STOP}{DONE}")
        return response
