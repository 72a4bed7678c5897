"""Requests for heads, and requests with large ones."""

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect


@case(
    "http.head",
    level="MAY",
    because="it is about any request, and needs no provider",
    on="models",
    refs=["RFC 9110 9.3.2"],
)
async def head(target: Target) -> Findings:
    """A HEAD request is answered by a head alone, whatever its status, and the connection can go on."""
    unasked, garbled = 0, []
    for path in ("/models", "/models/hopcheck-no-such-model"):
        connection = await target.connect()
        await target.request("HEAD", path, connection=connection)
        after = await target.request("GET", "/models", connection=connection) if connection.reusable else None
        connection.close()
        unasked += connection.unasked
        garbled += [path] if after is not None and after.ended == "garbled" else []
    after_head = {"bytes after the head": unasked, "garbled after": garbled}
    yield expect("what follows", after_head, equals={"bytes after the head": 0, "garbled after": []})


@head.mutant(killed_by="what follows")
class AnswersHeadInFull(Relay):
    """HEAD is answered like GET, with the body, which the client then takes for its next answer."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.method == "HEAD":
            response.incoming.method = "GET"
        return response


@case(
    "http.large-headers",
    level="MAY",
    because="it is about any request, and needs no provider",
    on="models",
    refusable=True,
    refs=["RFC 6585 5", "RFC 9110 5.4"],
)
async def large_headers(target: Target) -> Findings:
    """A request with a header of 32 KiB is answered, or refused with 431 or 400, and not just dropped."""
    answer = await target.request("GET", "/models", headers={"X-Hop-Large": "x" * 32 * 1024})
    served = 200 if target.declares.models else 404
    yield expect("status", answer.status, one_of=[served, 400, 431])


@large_headers.mutant(killed_by="status")
class DropsLargeHeads(Relay):
    """A head that is larger than the buffer ends the connection without a word."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if sum(len(name) + len(value) for name, value in incoming.headers) > 16 * 1024:
            incoming.exchange.abort()
        return await super().authorize(incoming)
