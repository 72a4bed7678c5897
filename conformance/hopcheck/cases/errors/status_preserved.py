"""A provider's error keeps its meaning on the way through."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

from hopcheck import (
    FORWARDED,
    Failure,
    Finding,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)

CLIENT = {400: (400,), 403: (403, 502), 404: (404, 400, 502), 409: (409,), 413: (413, 400), 422: (422, 400)}
LIMIT = {429: (429,)}
SERVER = {500: (500, 502, 503), 503: (503, 500, 502)}
"""The provider's status: those that tell a client the same. A 403 or 404 may be about the proxy's own account."""

CLASSES = {402: 4, 405: 4, 410: 4, 415: 4, 451: 4, 502: 5, 504: 5, 529: 5}
"""Further statuses of providers, of which the class is to be kept."""

ABOUT_THE_PROXY = {402: (502, 503), 405: (502,), 410: (502,), 415: (502,)}
"""What else they may become: they can be about the proxy's account, or about what it made of the request."""

QUIET = (400, 403, 409, 413, 422, 500, 503)
"""Statuses after which a proxy goes on asking its provider; the others make some of them rest it."""


@case(
    "errors.status-preserved",
    level="MUST",
    refs=["RFC 9110 15", "litellm#27030", "otari#975"],
    on=FORWARDED,
    isolation="cooldown",
    upstream={str(code): reply.status(code) for code in {**CLIENT, **LIMIT, **SERVER, **CLASSES}},
)
async def status_preserved(target: Target, ask: Operation) -> Findings:
    """A provider's error reaches the client with its status, or one that tells the client the same."""
    answers = await asyncio.gather(*(ask(script=str(code)) for code in QUIET))
    got = {code: answer.status for code, answer in zip(QUIET, answers, strict=True)}
    for code in (404, 429):
        got[code] = (await ask(script=str(code))).status
    yield _kept("client errors", CLIENT, got)
    yield _kept("rate limit", LIMIT, got)
    yield _kept("server errors", SERVER, got)
    others = {str(code): (await ask(script=str(code))).status or 0 for code in CLASSES}
    wrong = {code: status for code, status in others.items() if not _keeps_class(int(code), status)}
    to = "a 4xx for a 4xx, and a 5xx for a 5xx; or 502 where it may be about the proxy itself"
    yield expect("classes of other statuses", wrong, equals={}, to=to)


def _keeps_class(code: int, status: int) -> bool:
    return status // 100 == CLASSES[code] or status in ABOUT_THE_PROXY.get(code, ())


def _kept(check: str, table: Mapping[int, tuple[int, ...]], got: Mapping[int, int | None]) -> Finding:
    wanted = "; ".join(f"{code}: {' or '.join(map(str, allowed))}" for code, allowed in table.items())
    actual = {str(code): got[code] for code in table}
    return expect(check, actual, holds=all(got[code] in allowed for code, allowed in table.items()), to=wanted)


class Restated(Relay):
    """A provider's error gets another status."""

    statuses: Collection[int] = ()
    status = 500

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, status=self.status) if failure.status in self.statuses else response


@status_preserved.mutant(killed_by="classes of other statuses", trips=("errors.*",))
class KnowsTheUsualOnes(Restated):
    """A status that isn't in the table of known ones is an internal error."""

    statuses = (402, 405, 410, 415, 451)


@status_preserved.mutant(
    killed_by="client errors", trips=("errors.*", "fallback.*", "messages.error-types", "responses.*")
)
class AllIsServerError(Restated):
    """Whatever the provider refuses is an internal error."""

    statuses = range(400, 429)


@status_preserved.mutant(
    killed_by="rate limit",
    trips=("errors.*", "rate_limit.*", "retry.*", "messages.error-types", "responses.provider-errors"),
)
class TooManyIsUnavailable(Restated):
    """A provider's limit makes the service unavailable."""

    statuses, status = range(429, 430), 503


@status_preserved.mutant(
    killed_by="server errors", trips=("errors.*", "auth.*", "fallback.*", "retry.*", "stream.*", "messages.*")
)
class ErrorsWithStatus200(Restated):
    """A provider's failure arrives in the body of a 200."""

    statuses, status = range(500, 600), 200
