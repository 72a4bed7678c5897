"""Streams that begin with an error."""

from hopcheck import (
    BeginsDespiteErrors,
    EditsErrors,
    Failure,
    Findings,
    Operation,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
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


@error_first.mutant(killed_by="failure", trips=("stream.*", "fallback.*", "errors.in-success"))
class StreamsNothing(BeginsDespiteErrors):
    """A stream that begins with an error is an empty one."""

    begun = b"event: response.completed\ndata: {}\n\n"


@error_first.mutant(killed_by="status", trips=("stream.*", "fallback.*", "errors.in-success"))
class PassesErrorsAsTheyCome(BeginsDespiteErrors):
    """An error that comes first is passed on after a 200."""

    begun = (
        b'event: error\ndata: {"type":"error","sequence_number":0,"code":"server_error",'
        b'"message":"The model is gone.","param":null}\n\n'
    )


@error_first.mutant(killed_by="message", trips=("errors.in-success",))
class TellsNothing(EditsErrors):
    """An error that comes first is an error of the gateway's own."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, message="It failed.") if failure.kind == "error-event" else response
