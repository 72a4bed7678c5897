"""One exchange: the request's bytes, and what is kept of its answer."""

from __future__ import annotations

from collections.abc import Callable

from hopcheck_load.measurement.client import TimedResponse
from hopcheck_load.measurement.records import Arm, ExchangeTimeline, Record
from hopcheck_load.measurement.stamps import timeline
from hopcheck_server.wire.pool import Origin

SELF_REPORTS = ("x-litellm-overhead-duration-ms", "x-mlflow-gateway-overhead-duration-ms", "x-hopcheck-added-ms")
"""Headers in which targets say how many milliseconds they took."""


def request(origin: Origin, arm: Arm, body: bytes) -> bytes:
    """A whole request, ready to be sent."""
    lines = (
        f"POST {origin.prefix}/chat/completions HTTP/1.1",
        f"Host: {origin.authority}",
        *([f"Authorization: Bearer {arm.key}"] if arm.key else []),
        "User-Agent: hopcheck",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def note(
    record: Record, answer: TimedResponse, *, stream: bool, read: Callable[..., ExchangeTimeline] = timeline
) -> None:
    """Put an answer into its record; `read` makes a timeline of a stream's reads."""
    record.status = answer.status
    record.sent_ns, record.head_ns, record.done_ns = answer.sent_ns, answer.head_ns, answer.done_ns
    record.size = sum(len(data) for _, data in answer.reads)
    record.self_ms = _self_report(answer)
    if answer.status != 200:
        record.failure = f"status {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"
    elif stream:
        record.timeline = read(answer.reads)


def _self_report(answer: TimedResponse) -> float | None:
    for name in SELF_REPORTS:
        try:
            return float(answer.headers[name])
        except (KeyError, ValueError):
            continue
    return None
