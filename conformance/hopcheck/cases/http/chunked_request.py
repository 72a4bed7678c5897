"""Requests that come in chunks."""

import json
from dataclasses import replace

from hopcheck import (
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    expect,
    refuse,
)


@case("http.chunked-request", level="MUST", on=FORWARDED, refs=["RFC 9112 7.1", "RFC 9112 6.1"])
async def chunked_request(target: Target, ask: Operation) -> Findings:
    """A request whose body comes in chunks, without a length, is read like any other."""
    response = await chunked(target, ask)
    yield expect("status", response.status, equals=200)
    if await target.seen(response) and (ask.generates or not target.translates):  # else there is nothing to compare
        body = await target.openai_form(response)
        got, field = body if isinstance(body, dict) else {}, "temperature" if ask.generates else "encoding_format"
        arrived = [TEXT in json.dumps(got, ensure_ascii=False), field in got]
        yield expect("body at the provider", arrived, equals=[True, True])


TEXT = "Grüße, 🦜!"
"""Characters of two and of four bytes, which chunks cut."""


async def chunked(target: Target, ask: Operation) -> Response:
    """Send the healthy request in chunks of 20 bytes."""
    marker = target.marker()
    form = {} if target.translates else {"encoding_format": "float"}
    more = {"temperature": 0.5} if ask.generates else form
    body = json.dumps(ask.body(marker, {"text": TEXT, **more}), ensure_ascii=False).encode()
    pieces = [body[at : at + 20] for at in range(0, len(body), 20)]
    raw = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return await target.request(ask.method, ask.path, body=raw, marker=marker, headers={"Transfer-Encoding": "chunked"})


@chunked_request.mutant(killed_by="status", trips=("responses.stored",))
class WantsALength(Relay):
    """A request without a Content-Length has no body."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.header("content-length") is None:
            return refuse(incoming, 411, "Send a Content-Length.", code="length_required")
        return await super().check(incoming)


@chunked_request.mutant(killed_by="body at the provider")
class DecodesEachChunk(Relay):
    """Each chunk is decoded by itself, so characters that lie across two are lost."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.header("transfer-encoding") is None:
            return outgoing
        pieces = (outgoing.body[at : at + 3] for at in range(0, len(outgoing.body), 3))
        return replace(outgoing, body="".join(piece.decode(errors="replace") for piece in pieces).encode())
