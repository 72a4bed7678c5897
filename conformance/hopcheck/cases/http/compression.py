"""Bodies that the provider compressed."""

import gzip
from dataclasses import replace

from hopcheck import Failure, Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect, reply
from hopcheck.cases.http.codings import decoded

PIECES = ("Grü", "ße 🙂", " aus der", " Schachtel")


@case(
    "http.content-encoding",
    level="MUST",
    because="it asks in one piece and as a stream",
    refs=["RFC 9110 8.4", "RFC 9110 12.5.3", "agentgateway#3040", "agentgateway#873"],
    upstream={
        "": reply.chat(*PIECES, gzip=True),
        "refused": reply.status(400, {"message": "".join(PIECES)}, gzip=True),
    },
)
async def content_encoding(target: Target) -> Findings:
    """An answer that the provider compressed can be read: Content-Encoding is true, and one that the client takes."""
    answers, streams = [], []
    for accepted in ("gzip", "identity"):
        headers = {"Accept-Encoding": accepted}
        answer, stream = await target.chat.create(headers=headers), await target.chat.stream(headers=headers)
        whole = replace(answer, chunks=list(decoded(answer, accepted)))
        answers.append(whole.at("choices", 0, "message", "content"))
        streams.append(replace(stream, chunks=list(decoded(stream, accepted))).joined())
    yield expect("answers as read", answers, equals=["".join(PIECES)] * 2)
    yield expect("streams as read", streams, equals=["".join(PIECES)] * 2)
    error = await target.chat.create(script="refused", headers={"Accept-Encoding": "gzip"})
    read = replace(error, chunks=list(decoded(error, "gzip"))).text
    yield expect("an error as read", read, holds=bool(read) and "\ufffd" not in read, to="text that can be read")


@content_encoding.mutant(killed_by="answers as read")
class KeepsTheHeader(Relay):
    """The body is decompressed, and Content-Encoding still says that it isn't."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return await super().kept(headers) + [pair for pair in headers if pair[0].lower() == "content-encoding"]


@content_encoding.mutant(killed_by="answers as read")
class CompressesForAll(Relay):
    """What came compressed leaves compressed, also for a client that doesn't take it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.streamed or not came_compressed(response):
            return response
        return replace(response, body=gzip.compress(response.body)).with_header("Content-Encoding", "gzip")


@content_encoding.mutant(killed_by="an error as read")
class KeepsTheHeaderOfErrors(Relay):
    """An error is decompressed, and Content-Encoding still says that it isn't."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        coding = failure.head.header("content-encoding") if failure.head else None
        return response.with_header("Content-Encoding", coding) if coding else response


@content_encoding.mutant(killed_by="streams as read")
class KeepsTheHeaderOfStreams(Relay):
    """A stream's events are decompressed, and Content-Encoding still says that they aren't."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wrong = response.streamed and came_compressed(response)
        return response.with_header("Content-Encoding", "gzip") if wrong else response


def came_compressed(response: RelayedResponse) -> bool:
    """Whether the provider's answer was compressed."""
    return response.provider is not None and response.provider.header("content-encoding") == "gzip"
