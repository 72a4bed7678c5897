"""The bytes of a request, and the record of its response."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from hopcheck_load.measurement.client import TimedResponse
from hopcheck_load.measurement.records import Arm, ExchangeTimeline, Record
from hopcheck_load.measurement.stamps import timeline_of
from hopcheck_load.measurement.surfaces import SURFACES, Surface
from hopcheck_load.measurement.workloads import DELTAS, TEXT, Workload
from hopcheck_server.redaction import SecretRedactor
from hopcheck_server.wire.pool import Origin

SELF_REPORT_HEADERS = ("x-litellm-overhead-duration-ms", "x-mlflow-gateway-overhead-duration-ms", "x-hopcheck-added-ms")
"""Headers in which targets report how many milliseconds they took."""

TIMING_HEADER = "server-timing"
_OWN_TIMING = re.compile(r"\b(?:proxy|gateway)\s*;\s*dur=(\d+(?:\.\d+)?)")
"""The standard's header (W3C Server Timing), with the entry of the target itself."""

QUOTED_CHARACTERS = 200
"""Of the body of a response that isn't a success, these are in the record."""

INCOMPLETE = "the stream ended before it was complete"
OTHER_TEXT = "a 200 without the upstream's text"


def request_bytes(origin: Origin, arm: Arm, surface: Surface, body: bytes) -> bytes:
    """Return a whole request, ready to be sent."""
    lines = (
        f"POST {origin.prefix}{surface.path} HTTP/1.1",
        f"Host: {origin.authority}",
        *surface.headers,
        *([f"Authorization: Bearer {arm.key}"] if arm.key else []),
        "User-Agent: hopcheck",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def record_response(
    record: Record,
    response: TimedResponse,
    *,
    key: str,
    workload: Workload,
    read_timeline: Callable[..., ExchangeTimeline] = timeline_of,
) -> None:
    """Put a response to a request with that key into its record; `read_timeline` reads the stamps of a stream.

    A 200 without the upstream's text, or whose stream stops before it is complete, is a failure: otherwise a hop that
    drops what it should pass on would look quick.
    """
    record.status = response.status
    record.sent_ns, record.head_ns, record.done_ns = response.sent_ns, response.head_ns, response.done_ns
    record.size = sum(len(data) for _, data in response.reads)
    record.self_ms = _self_reported_ms(response)
    if response.status != 200:
        record.failure = f"status {response.status}: {_quoted(response, key)}"
    elif workload.stream:
        nonce = record.marker.rpartition(":")[2]
        record.timeline = read_timeline(response.reads, SURFACES[workload.surface], nonce)
        record.failure = "" if record.timeline.is_complete(DELTAS) else INCOMPLETE
    elif TEXT.encode() not in response.body:
        record.failure = f"{OTHER_TEXT}: {_quoted(response, key)}"


def _quoted(response: TimedResponse, key: str) -> str:
    return _redactor(key).text(response.body.decode("utf-8", "replace"))[:QUOTED_CHARACTERS]


@lru_cache
def _redactor(key: str) -> SecretRedactor:
    return SecretRedactor((key,))


def _self_reported_ms(response: TimedResponse) -> float | None:
    for name in SELF_REPORT_HEADERS:
        try:
            return float(response.headers[name])
        except (KeyError, ValueError):
            continue
    timing = _OWN_TIMING.search(response.headers.get(TIMING_HEADER, ""))
    return float(timing[1]) if timing else None
