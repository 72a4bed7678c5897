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
    "an address of its network": re.compile(
        r"\b(?:127|10)(?:\.\d{1,3}){3}:\d+|\b192\.168(?:\.\d{1,3}){2}:\d+"
        r"|\b172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}:\d+|\blocalhost:\d+"
    ),
    "a query": re.compile(r"\bSELECT\s[^\n]{1,200}\sFROM\s"),
}
"""By what a text shows."""

_SIGNS = {
    "a stack trace": (
        "Traceback",
        'File "',
        ".js:",
        ".ts:",
        ".py:",
        ".go:",
        ".java:",
        ".kt:",
        ".scala:",
        ".rs:",
        "goroutine ",
    ),
    "a file of the server": (
        "-packages/",
        "_modules/",
        "/usr/",
        "/home/",
        "/opt/",
        "/app/",
        "/srv/",
        "root/",
        "/var/",
    ),
    "an address of its network": ("127.", "10.", "192.168.", "172.", "localhost:"),
    "a query": ("SELECT",),
}
"""What such a text must hold: a search for words is a small part of the work of one for patterns."""

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
            if sample != _own_address(judged) and not _is_given(judged, sample):
                yield Complaint(f"{place} shows {what}", f"{exchange.about}: {shown(sample)}")
    prices = [name for name, _ in answer.headers if _PRICE.search(name.lower()) and not _is_given(judged, name)]
    if prices:
        yield Complaint("headers show prices", f"{exchange.about}: {', '.join(prices)}", Level.SHOULD)


def _own_address(judged: Judged) -> str:
    """Where the client has asked."""
    return judged.exchange.response.sent.url.partition("://")[2].partition("/")[0]


def _learn(judged: Judged) -> None:
    own = _own_address(judged)
    hosts = {attempt.header("host") or "" for attempt in judged.exchange.attempts}
    judged.known.provider_hosts |= {host for host in hosts if host != own and ":" in host}


def _internals(judged: Judged, text: str) -> Iterator[tuple[str, str]]:
    for host in judged.known.provider_hosts:
        if host in text:
            yield "the provider's address", host
            text = text.replace(host, "")  # no second finding for the same address
    for what, pattern in _FOUND.items():
        if any(sign in text for sign in _SIGNS[what]) and (found := pattern.search(text)):
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
