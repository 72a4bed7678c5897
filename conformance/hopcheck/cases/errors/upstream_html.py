"""A load balancer speaks in the provider's place."""

from dataclasses import replace

from hopcheck import (
    FORWARDED,
    ON_MESSAGES,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
    reply,
)


@case(
    "errors.upstream-html",
    level="MUST",
    on=(*FORWARDED, *ON_MESSAGES),
    needs=["parses"],
    refs=["RFC 9110 15.6.3", "OAI Error"],
    upstream=reply.html(502),
)
async def upstream_html(target: Target, ask: Operation) -> Findings:
    """An HTML page in the place of a provider's answer becomes a server error, and is no part of its message."""
    answer = await ask()
    yield expect("status", answer.status, one_of=[502, 500, 503])
    # SHOULD: a page in the message is ugly, and breaks no client.
    yield expect("text", answer.text, lacks="<html", level="SHOULD")


class Answers(Relay):
    """What comes of a page."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return self.page(response, failure) if failure.body.startswith(b"<html") else response

    def page(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        """The answer where the provider sent a page."""
        return response


@upstream_html.mutant(killed_by="status")
class PageIsAnAnswer(Answers):
    """A provider's failure arrives as a 200."""

    def page(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return replace(response, status=200)


@upstream_html.mutant(killed_by="text")
class PassesPagesOn(Answers):
    """A page is passed on as it came."""

    def page(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return replace(response, body=failure.body).with_header("Content-Type", "text/html")


@upstream_html.mutant(killed_by="text")
class QuotesThePage(Answers):
    """The page is the error's message."""

    def page(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return refuse(response.incoming, 502, failure.body.decode())
