"""Answers of a provider that aren't what they should be."""

import asyncio
from collections.abc import Iterable

from hopcheck import (
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    expect,
    reply,
)

BEGUN = '{"id":"chatcmpl-1","object":"chat.completion","created":1735689600,"model":"m","choices":[{"index":0,'
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

TRIPS = ("stream.*", "errors.*", "retry.*")
OTHERS = ("errors.*:*", "stream.json-instead:*")
"""Whose mutants these cases may notice too: they are about the same errors."""


async def asked(target: Target, scripts: Iterable[str]) -> dict[str, Response]:
    """All at once: a proxy that tries each again takes its time."""
    names = list(scripts)
    answers = await asyncio.gather(*(target.chat.create(script=name) for name in names))
    return dict(zip(names, answers, strict=True))


async def statuses(target: Target, answers: dict[str, Response]) -> Findings:
    """Which answers aren't errors of the 500s: those that the target wrote, and those that it passed on unchanged."""
    others = {name: answer for name, answer in answers.items() if (answer.status or 0) // 100 != 5}
    relayed = {name: answer.status for name, answer in others.items() if await target.relayed(answer)}
    written = {name: answer.status for name, answer in others.items() if name not in relayed}
    yield expect("statuses", written, holds=not written, to="500 to 599 for each")
    yield expect("passed on as they came", relayed, equals={}, level="SHOULD")


GARBAGE = {
    "html": reply.html(200),
    "cut-json": reply.raw(200, BEGUN, "application/json"),
    "text": reply.raw(200, "upstream connect error", "application/json"),
    "empty": reply.raw(200, "", "application/json"),
}


@case(
    "chat.invalid-upstream-json",
    level="MUST",
    needs=["parses"],
    refs=["litellm#32237", "RFC 9110 15.6.3"],
    upstream=GARBAGE,
    trips_on=OTHERS,
)
async def invalid_upstream_json(target: Target) -> Findings:
    """A provider's 200 that holds no JSON (a web page, half an object, nothing) becomes an error of the 500s.

    What is passed on as it came is the provider's: that it becomes an error, too, is a SHOULD.
    """
    async for finding in statuses(target, await asked(target, GARBAGE)):
        yield finding


class _OnBrokenAnswer(Relay):
    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        made = self.instead(incoming, failure) if failure.kind in ("garbled", "cut") else None
        return made or await super().failed(incoming, failure)

    def instead(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse | None:
        raise NotImplementedError


def _json(incoming: IncomingRequest, body: bytes) -> RelayedResponse:
    return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], body)


@invalid_upstream_json.mutant(killed_by="statuses", trips=TRIPS)
class PassesItOn(_OnBrokenAnswer):
    """What came of a broken answer goes on with its 200."""

    def instead(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return _json(incoming, BEGUN.encode())


@invalid_upstream_json.mutant(killed_by="passed on as they came", trips=TRIPS)
class Relays(_OnBrokenAnswer):
    """An answer that is no JSON goes on as it came."""

    def instead(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse | None:
        return _json(incoming, failure.body) if failure.head else None


@invalid_upstream_json.mutant(killed_by="contract.response", trips=TRIPS)
class ShowsThePage(_OnBrokenAnswer):
    """A web page stands in the place of an error."""

    def instead(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return RelayedResponse(incoming, 502, [("Content-Type", "text/html")], HTML.encode())
