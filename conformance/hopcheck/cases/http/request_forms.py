"""Requests that say the same in another form of HTTP."""

from hopcheck import (
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
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
    "waits for a word": {"Expect": "100-continue"},
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
    """What a client sends in addition to its request decides nothing: charset, Accept, Expect, an offer of HTTP/2."""
    forms = FORMS if target.declares.transparent else {**FORMS, "offers HTTP/2": UPGRADE}
    answers = {name: await ask(headers=headers) for name, headers in forms.items()}
    statuses = {name: answer.status for name, answer in answers.items()}
    yield expect("statuses", statuses, equals=dict.fromkeys(forms, 200))
    kind = "text/event-stream" if ask.streams else "application/json"
    types = {name: answer.media_type for name, answer in answers.items() if answer.status == 200}
    yield expect("media types", types, equals=dict.fromkeys(types, kind))


@request_forms.mutant(killed_by="statuses", trips=("responses.stored",))
class ComparesMediaTypes(Relay):
    """The media type is compared as a text, with all that follows it."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.header("content-type") != "application/json":
            return refuse(incoming, 415, "Send application/json.", code="unsupported_media_type")
        return await super().check(incoming)


@request_forms.mutant(killed_by="statuses")
class ExpectsNothing(Relay):
    """A client that waits for leave to send its body, as curl does with long ones, is refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.header("expect"):
            return refuse(incoming, 417, "There is nothing to expect.", code="expectation_failed")
        return await super().check(incoming)


@request_forms.mutant(killed_by="media types")
class AnswersAsAccepted(Relay):
    """The response is called what the client says that it accepts."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        accepted = response.incoming.header("accept") or "*/*"
        wanted = "application/json" if response.streamed else "text/event-stream"
        return response.with_header("Content-Type", wanted) if accepted == wanted else response
