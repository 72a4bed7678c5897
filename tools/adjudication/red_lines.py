"""The red lines of a report: what fails a gate, each with what crossed the wire on both sides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RED = frozenset({"deviates", "flaky", "untestable", "broken"})

ABOUT_HEADERS = ("http", "auth.", "rate_limit.", "isolation.", "internals", "secrets", "retry-after", "credentials")
"""Beginnings of the keys of lines about headers."""

ORDINARY = frozenset({"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "date"})
"""Headers that are left out, unless a line is about them."""

HEADER_CHARACTERS = 400

EXCERPT_CHARACTERS = 220
"""Of each body that is shown."""


@dataclass(frozen=True)
class RedLine:
    """Something that a report blames on a gateway.

    Attributes:
        key: `case[operation]`, or `check: cause`; judgements name it.
        level: MUST, SHOULD or MAY.
        requirement: The sentence that it rests on.
        seen: What was seen instead.
        exchanges: What crossed the wire, the failing exchange first.
    """

    key: str
    level: str
    requirement: str
    seen: str
    exchanges: tuple[Mapping[str, Any], ...]


def red_lines(report: Mapping[str, Any]) -> Iterator[RedLine]:
    """Every cause and every case that fails; a case that a cause kept from being asked counts with that."""
    for cause in report["causes"]:
        if cause["outcome"] in RED:
            example = cause["examples"][0]
            yield RedLine(
                f"{cause['check']}: {cause['cause']}",
                cause["level"],
                cause["requirement"],
                f"{cause['count']} times, in {example['case']}: {example['detail']}",
                tuple(example["exchanges"]),
            )
    for case in report["cases"]:
        if case["outcome"] in RED and not case["untestable_by"]:
            key = f"{case['id']}[{case['operation']}]"
            yield RedLine(key, case["level"], case["requirement"], _seen(case), tuple(case["exchanges"]))


def _seen(case: Mapping[str, Any]) -> str:
    failed = [one for one in case["findings"] if not one["ok"] and one["level"] == "MUST"]
    found = [f"{one['check']}: expected {_short(one['expected'])}, got {_short(one['actual'])}" for one in failed]
    return "; ".join(found) or case["reason"]


def _short(value: Any, limit: int = 160) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text.replace("\n", "\\n").replace("\r", "\\r"), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def excerpt(line: RedLine) -> Iterator[str]:
    """Both sides of the failing exchange, a few lines each."""
    client = next((one for one in line.exchanges if one["side"] == "client"), None)
    if client is None:
        return
    headers = line.key.startswith(ABOUT_HEADERS)
    yield from _side("client → gateway", "gateway → client", client, headers=headers)
    attempts = [one for one in line.exchanges if one["side"] == "upstream" and one["exchange"] == client["exchange"]]
    for attempt in attempts[-1:]:
        yield from _side("gateway → provider", "provider → gateway", attempt, headers=headers)
    if not attempts:
        yield "gateway → provider: nothing"


def _side(there: str, back: str, exchange: Mapping[str, Any], *, headers: bool) -> Iterator[str]:
    request, response = exchange["request"], exchange.get("response") or {}
    path = request.get("path") or "/" + str(request.get("url", "")).partition("://")[2].partition("/")[2]
    yield f"{there}: {request.get('method', 'POST')} {path} {_headers(request, headers)}{_body(request)}".rstrip()
    content_type = next((value for name, value in response.get("headers", ()) if name.lower() == "content-type"), "")
    ended = exchange.get("ended") or response.get("ended") or ""
    head = f"{back}: {response.get('status') or 'no head'} {content_type} ({ended})"
    yield f"{head} {_headers(response, headers)}{_body(response)}".rstrip()


def _headers(message: Mapping[str, Any], wanted: bool) -> str:
    """The headers of a message, where a line is about headers."""
    shown = [f"{name}: {value}" for name, value in message.get("headers", ()) if name.lower() not in ORDINARY]
    return f"[{_cut('; '.join(shown), HEADER_CHARACTERS)}] " if wanted and shown else ""


def _body(message: Mapping[str, Any]) -> str:
    return _short(message.get("body") or "", EXCERPT_CHARACTERS)
