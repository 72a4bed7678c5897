"""A load balancer speaks in the provider's place."""

import re
from dataclasses import replace

from hopcheck import (
    FORWARDED,
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

PAGE = re.compile(r"<html|\b(?:200|502)\W{3,}Bad gateway")
"""What shows that a text is a page's."""


@case(
    "errors.upstream-html",
    level="MUST",
    on=FORWARDED,
    needs=["parses"],
    refs=["RFC 9110 15.6.3", "OAI Error"],
    upstream={"": reply.html(502), "of-success": reply.html(200)},
)
async def upstream_html(target: Target, ask: Operation) -> Findings:
    """An HTML page in the place of a provider's answer becomes a server error, and is no part of its message.

    What is passed on as it came, a page with a 200 among it, is the provider's: that it becomes an error is a SHOULD.
    """
    answers = [await ask(script=script) for script in ("", "of-success")]
    written = [answer.status for answer in answers if not await target.relayed(answer)]
    yield expect("status", written, holds={*written} <= {502, 500, 503}, to="502, 500 or 503 for each")
    # SHOULD: a page in the message, with its tags or without them, is ugly, and breaks no client.
    shown = [found[0] for answer in answers if (found := PAGE.search(answer.text))]
    yield expect("text", shown, equals=[], level="SHOULD")


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
