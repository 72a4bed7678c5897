"""Streams that begin with an error."""

from hopcheck import (
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    expect,
)
from hopcheck.cases.responses.written import streamed


@case(
    "responses.error-first",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming: error", "litellm: an error first is a 200"],
    isolation="cooldown",
    upstream=streamed({"type": "error", "code": "server_error", "message": "The model is gone.", "param": None}),
)
async def error_first(target: Target, ask: Operation) -> Findings:
    """A stream whose first event is an error is no empty response: the client gets an error status, or the error."""
    stream = await ask.stream()
    yield expect("failure", stream.shows_failure, equals=True)
    yield expect("message", dig(stream.error, "message"), contains="The model is gone.", level="SHOULD")
    yield expect("status", stream.status, at_least=400, level="SHOULD")


class _Begins(Relay):
    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind == "error-event":
            response.status, response.body = 200, self.body
            response = response.with_header("Content-Type", "text/event-stream")
        return response

    body = b""


@error_first.mutant(killed_by="failure", trips=("stream.*", "fallback.*"))
class StreamsNothing(_Begins):
    """A stream that begins with an error is an empty one."""

    body = b"event: response.completed\ndata: {}\n\n"


@error_first.mutant(killed_by="status", trips=("stream.*", "fallback.*"))
class PassesErrorsAsTheyCome(_Begins):
    """An error that comes first is passed on after a 200."""

    body = (
        b'event: error\ndata: {"type":"error","sequence_number":0,"code":"server_error",'
        b'"message":"The model is gone.","param":null}\n\n'
    )


@error_first.mutant(killed_by="message")
class TellsNothing(Relay):
    """An error that comes first is an error of the gateway's own."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "error-event":
            return response
        return response.with_json({"error": {**response.json["error"], "message": "It failed."}})
