"""A reproduction as text: each exchange of the failing part from both sides, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hopcheck.engine.wire_log import BODY_FILE
from hopcheck.report.excerpts import BODY_LIMIT, as_text, cut, cut_pair, jsonable
from hopcheck.report.render.values import lines_visible
from hopcheck.reproduce.failure import Answer
from hopcheck.reproduce.run import Reproduction

EXCHANGES_SHOWN = 12
"""Exchanges of both sides that are shown."""

EVENTS_SHOWN = 40
"""Events of a stream that are shown."""


def failing_exchanges(reproduction: Reproduction) -> list[dict[str, Any]]:
    """The exchanges of the failing part; all of them where nothing fails any more."""
    places = reproduction.failure.exchanges_in(reproduction.verdict)
    exchanges = list(reproduction.verdict.exchanges)
    return [one for one in exchanges if one["exchange"] in places] or exchanges


def reproduction_text(reproduction: Reproduction, body_file: Path | None = None) -> str:
    """The text, without control characters: what a target sent may steer a terminal.

    Args:
        reproduction: What was asked again.
        body_file: Where the body of a large request was written.
    """
    shown = failing_exchanges(reproduction)
    lines = [line for one in shown[:EXCHANGES_SHOWN] for line in _exchange(one, reproduction, body_file)]
    if len(shown) > EXCHANGES_SHOWN:
        lines.append(f"({len(shown) - EXCHANGES_SHOWN} more exchanges)")
    return lines_visible("\n".join([*lines, *_conclusion(reproduction)]))


def _exchange(exchange: Mapping[str, Any], reproduction: Reproduction, body_file: Path | None) -> Iterator[str]:
    entry = reproduction.redactor.exchange(jsonable({**exchange, "large_body": ""}))
    request, response = entry["request"], entry["response"]
    if entry["side"] == "client":
        yield f"request {(entry['exchange'] or 0) + 1}, at {entry['at']:.3f} s:"
        line = entry["reproduce"] or f"{request['method']} {request['url']}"
        yield f"  {line.replace(f'@{BODY_FILE}', f'@{body_file or BODY_FILE}')}"
        yield f"answered: {_status(response)}"
    else:
        yield f"attempt at the provider, at {entry['at']:.3f} s: {request['method']} {request['url']}"
        yield from _headers(request)
        yield from _indented(request["body"])
        yield f"the provider answered: {_status(response)}"
    yield from _headers(response)
    yield from _content(entry)
    yield ""


def _headers(message: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"  {name}: {value}" for name, value in message["headers"])


def _content(entry: Mapping[str, Any]) -> Iterator[str]:
    events = entry["events"]
    if not events:
        yield from _indented(entry["response"]["body"])
        return
    for event in events[:EVENTS_SHOWN]:
        yield from _indented(event["data"].rstrip())
    if len(events) > EVENTS_SHOWN:
        yield f"  ({len(events) - EVENTS_SHOWN} more events)"


def _status(response: Mapping[str, Any]) -> str:
    return f"{response['status'] or 'nothing'} ({response['ended']})"


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {line}" for line in cut(text, BODY_LIMIT).splitlines())


def _conclusion(reproduction: Reproduction) -> Iterator[str]:
    failure, verdict, redactor = reproduction.failure, reproduction.verdict, reproduction.redactor
    yield f"{failure.case} {reproduction.answer.value}: {failure.shown}"
    if reproduction.answer in (Answer.UNTESTABLE, Answer.BROKEN):
        yield f"  {redactor.text(verdict.reason)}"
    for finding in verdict.failed:
        expected, actual = cut_pair(finding.expected, finding.actual, redactor)
        yield f"  {finding.check}: expected {as_text(expected)}, got {as_text(actual)}"
    if failure.cause:
        met = [one.detail for one in verdict.occurrences if one.key == failure.cause]
        yield from (f"  {redactor.text(detail)}" for detail in met[:3])


def body_of(reproduction: Reproduction) -> bytes:
    """The body of the first failing request, where it is too large for a curl line; else empty."""
    bodies = (one.get("large_body", b"") for one in failing_exchanges(reproduction))
    return next((bytes(body) for body in bodies if body), b"")
