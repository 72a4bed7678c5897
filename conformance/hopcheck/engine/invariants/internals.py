"""No response shows the provider's address, a file of the server, a stack trace, or a price."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hopcheck.authoring.findings import Level
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_contracts.violations import shown

INTERNALS = "internals"

_FOUND = {
    "a stack trace": re.compile(
        r"Traceback \(most recent call last\)|File \"[^\"\n]+\", line \d+|\bat [^\n]{1,200}\.[cm]?[jt]s:\d+"
        r"|goroutine \d+ \[|\.py:\d+\b|\w\.go:\d+\b|\bat [\w.$]{1,200}\(\w{1,100}\.(?:java|kt|scala):\d+\)"
        r"|\w\.rs:\d+:\d+"
    ),
    "a file of the server": re.compile(
        r"/site-packages/|/node_modules/|/(?:usr|home|opt|app|srv|root|var)/[\w.-]+/[\w./-]*\.\w+"
    ),
    "a query": re.compile(r"\bSELECT\s[^\n]{1,200}\sFROM\s"),
}
"""By what a text shows."""

_PRICE = re.compile(r"cost|price|spend")
"""Of headers that name a price."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield what a response shows that it has neither from the provider nor from the client."""
    exchange, answer = judged.exchange, judged.exchange.answer
    _learn(judged)
    if not answer.status or answer.body is None:
        return
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    places = {"a header": head, "the body": "" if judged.is_verbatim else answer.sample}
    for place, text in places.items():
        for what, sample in _internals(judged, text):
            if not _is_given(judged, sample):
                yield Complaint(f"{place} shows {what}", f"{exchange.about}: {shown(sample)}")
    prices = [name for name, _ in answer.headers if _PRICE.search(name.lower()) and not _is_given(judged, name)]
    if prices:
        yield Complaint("headers show prices", f"{exchange.about}: {', '.join(prices)}", Level.SHOULD)


def _learn(judged: Judged) -> None:
    own = judged.exchange.response.sent.url.partition("://")[2].partition("/")[0]
    hosts = {attempt.header("host") or "" for attempt in judged.exchange.attempts}
    judged.known.provider_hosts |= {host for host in hosts if host != own and ":" in host}


def _internals(judged: Judged, text: str) -> Iterator[tuple[str, str]]:
    for host in judged.known.provider_hosts:
        if host in text:
            yield "the provider's address", host
    for what, pattern in _FOUND.items():
        if found := pattern.search(text):
            yield what, found[0]


def _is_given(judged: Judged, sample: str) -> bool:
    """Whether the client or the provider sent the same."""
    exchange = judged.exchange
    sent = exchange.response.sent
    raw = sample.encode("utf-8", "replace")
    given = [one for one in exchange.given if one is not None]
    by_client = raw in sent.body or any(sample in value for _, value in sent.headers)
    in_heads = any(sample in name or sample in value for one in given for name, value in one.headers)
    return by_client or in_heads or any(raw in (one.body or b"") for one in given)


INVARIANT = JudgedInvariant(INTERNALS, frozenset(Forecast), judge)
