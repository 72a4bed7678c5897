"""Requests that say the same in another form of HTTP."""

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

FORMS = {
    "charset": {"Content-Type": "application/json; charset=utf-8"},
    "charset in capitals": {"Content-Type": "application/json; charset=UTF-8"},
    "charset in quotes": {"Content-Type": 'application/json;charset="utf-8"'},
    "media type in capitals": {"Content-Type": "Application/JSON"},
    "another accept": {"Accept": "text/event-stream"},
    "accepts JSON only": {"Accept": "application/json"},
}
"""Headers that clients send."""

UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
"""How Java's HTTP client offers HTTP/2 with every request: to the next hop, which a byte proxy need not be."""


@case(
    "http.request-forms",
    level="MUST",
    on=FORWARDED,
    refs=["RFC 9110 8.3.1", "RFC 9110 12.5.1", "RFC 9110 7.8"],
)
async def request_forms(target: Target, ask: Operation) -> Findings:
    """What a client sends in addition to its request decides nothing: charset, Accept, an offer to go on in HTTP/2."""
    forms = FORMS if target.declares.transparent else {**FORMS, "offers HTTP/2": UPGRADE}
    answers = {name: await ask(headers=headers) for name, headers in forms.items()}
    statuses = {name: answer.status for name, answer in answers.items()}
    yield expect("statuses", statuses, equals=dict.fromkeys(forms, 200))
    kind = "text/event-stream" if ask.streams else "application/json"
    types = {name: answer.media_type for name, answer in answers.items() if answer.status == 200}
    yield expect("media types", types, equals=dict.fromkeys(types, kind))


@request_forms.mutant(killed_by="statuses")
class ComparesMediaTypes(Relay):
    """The media type is compared as a text, with all that follows it."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.header("content-type") != "application/json":
            return refuse(incoming, 415, "Send application/json.", code="unsupported_media_type")
        return await super().check(incoming)


@request_forms.mutant(killed_by="media types")
class AnswersAsAccepted(Relay):
    """The response is called what the client says that it accepts."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        accepted = response.incoming.header("accept") or "*/*"
        wanted = "application/json" if response.streamed else "text/event-stream"
        return response.with_header("Content-Type", wanted) if accepted == wanted else response


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


@chunked_request.mutant(killed_by="status")
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
