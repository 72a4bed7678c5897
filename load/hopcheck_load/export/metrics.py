"""What both kinds of metrics have in common: names, buckets, and what an exchange counts as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from hopcheck_load.measurement.records import Record
from hopcheck_load.stats.table import first_token, latency

BUCKETS_S = tuple(round(step * 10.0**power, 9) for power in (-4, -3, -2, -1, 0, 1) for step in (1.0, 2.0, 5.0))
"""Bounds from 0.1 ms to 50 s: those of the conventions for LLMs begin at 10 ms, and most hops add less."""

LABELS = ("stage", "arm")
REQUESTS_ABOUT = "exchanges that have ended, without those that warmed up"
LATENCY_ABOUT = "from when a request was due to the last byte of its response"
TTFT_ABOUT = "from when a request was due to the first event with content"


class MetricsSink(Protocol):
    """Takes the exchanges of a run, one by one."""

    def observe(self, record: Record) -> None:
        """Count an exchange."""

    def close(self) -> None:
        """Send what hasn't been sent, and free all resources."""


def outcome(record: Record) -> str:
    """Return what an exchange counts as: `answered`, `failed` or `interrupted`."""
    return "failed" if record.failed else "interrupted" if record.failure else "answered"


def seconds(record: Record) -> tuple[float | None, float | None]:
    """Return the latency and the time to first token of an exchange; None if there is none."""
    if record.failure:
        return None, None
    first = first_token(record)
    return latency(record) / 1e3, None if first is None else first / 1e3


def observe_all(sinks: Iterable[MetricsSink], records: Iterable[Record]) -> None:
    """Give the exchanges that count to all sinks."""
    for record in records:
        if not record.warmup:
            for sink in sinks:
                sink.observe(record)
