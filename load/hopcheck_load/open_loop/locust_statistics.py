"""What Locust shows while it runs: latencies from when requests were due, and separate entries for everything else.

Locust keeps times in whole milliseconds, which is too coarse for a hop: its buckets are replaced by three significant
digits. Lags, first tokens, and requests that went past the hop are entries of their own that don't count in its
"Aggregated" row: that row is about requests through hops and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any

import locust.stats
from locust.env import Environment

from hopcheck_load.measurement.records import INTERRUPTED, ExchangeTimeline, Record
from hopcheck_load.stats.histograms import Histograms

SIGNIFICANT_DIGITS = 3
REQUEST = "POST"
"""Locust's type of entries that count as requests: from when a request was due to the last byte of its response."""

DIRECT = "direct"
"""The type of the same latency of requests that went past the hop: they are there to compare with."""

LAG, SERVICE, FIRST, BETWEEN, CHUNK = "dispatch lag", "service", "ttft", "itl", "chunk lag"
"""The other types: due → dispatched; sent → last byte; due → first event; event → event; left upstream → read."""


class RequestFailed(Exception):
    """What Locust counts as a failure; the text says why."""


def bucket(milliseconds: float) -> float:
    """Round a time to three significant digits: 0.000123, 1.23, 45600."""
    if milliseconds <= 0:
        return 0.0
    return round(milliseconds, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(milliseconds)))


def install() -> None:
    """Make Locust round times by `bucket`."""
    locust.stats.bucket_response_time = bucket  # type: ignore[assignment]  # it is annotated as whole milliseconds


class LocustStatistics:
    """Reports exchanges to Locust, and keeps their histograms.

    Attributes:
        histograms: The histograms by `<type> <name>`.
        answered: How many exchanges have ended.
        failed: How many of them failed.
    """

    def __init__(
        self, environment: Environment, hops: Collection[str], yield_to_others: Callable[[], None] = lambda: None
    ) -> None:
        """Start without exchanges.

        Args:
            environment: Locust's environment.
            hops: The names of the arms that its "Aggregated" row is about; if there are none, it is about all.
            yield_to_others: Is called between the parts of the work that a stream causes: together they take longer
                than the events of other streams may wait.
        """
        self.histograms = Histograms()
        self.answered = self.failed = 0
        self._environment, self._hops = environment, hops
        self._yield_to_others = yield_to_others

    def add(self, record: Record) -> None:
        """Count an exchange, and report it unless it only warmed up."""
        if record.failure == INTERRUPTED:
            return
        self.answered += 1
        self.failed += record.failed
        if record.warmup:
            return
        name = f"{record.workload} via {record.arm}"
        latency_ns = record.done_ns - record.due_ns
        if self._hops and record.arm not in self._hops:
            self._note_direct(name, record, latency_ns)
        else:
            self._fire(name, record, latency_ns)
        if record.dispatched_ns:
            self._note(LAG, name, [record.dispatched_ns - record.due_ns])
        if not record.failure:
            self._note(SERVICE, name, [record.done_ns - record.sent_ns])
            self._note_events(name, record)

    def _note_direct(self, name: str, record: Record, latency_ns: int) -> None:
        if record.failure:
            self._environment.stats.get(name, DIRECT).log_error(record.failure[:120])
        else:
            self._note(DIRECT, name, [latency_ns])

    def _fire(self, name: str, record: Record, latency_ns: int) -> None:
        self._environment.events.request.fire(
            request_type=REQUEST,
            name=name,
            response_time=latency_ns / 1e6,
            response_length=record.size,
            response=None,
            context={},
            exception=RequestFailed(record.failure[:120]) if record.failure else None,
            start_time=None,
            url=None,
        )
        if not record.failure:
            self.histograms.record(f"{REQUEST} {name}", [latency_ns])

    def _note_events(self, name: str, record: Record) -> None:
        timeline = record.timeline
        if timeline is None or not timeline.read_ns:
            return
        self._yield_to_others()
        self._note(FIRST, name, [timeline.read_ns[0] - record.due_ns])
        self._note(BETWEEN, name, [later - earlier for earlier, later in pairwise(timeline.read_ns)])
        self._yield_to_others()
        self._note(CHUNK, name, _lags(timeline))

    def _note(self, kind: str, name: str, values_ns: Sequence[int]) -> None:
        self.histograms.record(f"{kind} {name}", values_ns)
        if len(values_ns) > 1:
            self._yield_to_others()
        _log(self._environment.stats.get(name, kind), [value / 1e6 for value in values_ns])


def _log(entry: Any, values_ms: Sequence[float]) -> None:
    """Do what `StatsEntry.log` does, for many values at a time: the end of a stream mustn't hold up other streams."""
    if not values_ms:
        return
    entry.log(values_ms[0], 0)
    rest = values_ms[1:]
    if rest:
        entry.num_requests += len(rest)
        entry.num_reqs_per_sec[int(entry.last_request_timestamp)] += len(rest)
        entry.total_response_time += sum(rest)
        entry.min_response_time = min(entry.min_response_time, *rest)
        entry.max_response_time = max(entry.max_response_time, *rest)
        for value in rest:
            entry.response_times[bucket(value)] += 1


def _lags(timeline: ExchangeTimeline) -> list[int]:
    return [read - left for read, left in zip(timeline.read_ns, timeline.stamp_ns, strict=True)]
