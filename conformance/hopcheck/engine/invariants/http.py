"""Messages are framed once, hop-by-hop fields end at each hop, and a body has the media type that was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hopcheck.authoring.findings import Level
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast

HTTP = "http"

SINGLETONS = frozenset(
    {"age", "content-length", "content-location", "content-type", "date", "etag", "expires", "last-modified",
     "location", "retry-after", "server", "x-request-id"}
)  # fmt: skip
"""Header fields that a response has once at most."""

HOP_BY_HOP = frozenset(
    {"keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"}
)

Pairs = Iterable[tuple[str, str]]


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield what of HTTP a response, or what was made of its request, doesn't keep."""
    exchange, response = judged.exchange, judged.exchange.response
    if response.status is None:
        return
    names = Counter(name.lower() for name, _ in response.headers)
    for name in sorted(SINGLETONS & names.keys()):
        if names[name] > 1:
            yield Complaint(f"header {name} comes more than once", exchange.about)
    if "content-length" in names and "transfer-encoding" in names:
        yield Complaint("a response has both Content-Length and Transfer-Encoding", exchange.about)
    if judged.forecast is Forecast.OWN and response.ended in ("cut", "reset", "garbled"):
        yield Complaint(f"a response doesn't end as its framing says ({response.ended})", exchange.about)
    given = exchange.given[-1] if exchange.given else None
    if given is not None:
        yield from _passed("the provider's", "the client", given.headers, response.headers, exchange.about)
        if judged.forecast is Forecast.CLEAN and exchange.answer.status == 200:
            yield from _other_media_type(judged, exchange.answer.streams is given.streams)
    for attempt in exchange.attempts:
        yield from _passed("the client's", "the provider", response.sent.headers, attempt.headers, exchange.about)


def _other_media_type(judged: Judged, is_same: bool) -> Iterator[Complaint]:
    if not is_same:
        yield Complaint(f"a response is sent as {judged.exchange.answer.media_type}", judged.exchange.about)


def _passed(whose: str, whom: str, given: Pairs, passed: Pairs, about: str) -> Iterator[Complaint]:
    """What ends at this hop, and was passed on with its value."""
    pairs = [(name.lower(), value.strip()) for name, value in given]
    named = {one.strip().lower() for name, value in pairs if name == "connection" for one in value.split(",")}
    ends_here = {pair for pair in pairs if pair[0] in HOP_BY_HOP | (named - {"close", "keep-alive", ""})}
    if not ends_here:
        return
    kept = sorted(ends_here & {(name.lower(), value.strip()) for name, value in passed})
    for name, value in kept:  # of those that Connection doesn't name, RFC 9110 7.6.1 says SHOULD
        level = Level.MUST if name in named else Level.SHOULD
        yield Complaint(f"{whose} hop-by-hop {name} reaches {whom}", f"{about}: {value}", level)


INVARIANT = JudgedInvariant(HTTP, frozenset(Forecast), judge)
