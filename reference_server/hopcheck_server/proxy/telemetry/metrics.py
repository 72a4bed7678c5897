"""Counts and times by route, in Prometheus's format: of this process, or of all workers of one server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

from hopcheck_server.proxy.telemetry.kinds import ROUTES
from hopcheck_server.proxy.telemetry.notes import Notes

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

ADDED_S = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005),
    *(0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)

CANCELLED_STATUS = 499

WORKERS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's variable: the folder in which several processes share their counts."""


@dataclass(slots=True)
class RequestEnd:
    """The end of a request.

    Attributes:
        status: The response's status; 499 if the client left before it.
        duration_s: From the request's head to the last byte of the response.
        first_s: To the first byte of the response's body; None if there was none.
        streamed: Whether the response was a stream.
        cancelled: Whether the client left.
        notes: Notes taken while it was served.
    """

    status: int
    duration_s: float
    first_s: float | None
    streamed: bool
    cancelled: bool
    notes: Notes

    @property
    def added_s(self) -> float | None:
        """The proxy's own time until the first byte, without waiting for client and upstream, in seconds."""
        if self.first_s is None or not self.notes.upstream_s:
            return None
        return max(0.0, self.first_s - self.notes.upstream_s - self.notes.client_s)


@dataclass
class Metrics:
    """The metrics of one application.

    Args:
        upstream_is_healthy: Called when the metrics are read.
    """

    upstream_is_healthy: Callable[[], bool]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        """Make all metrics, so that those of events that haven't happened are 0."""
        self._adds_up = WORKERS_FOLDER in os.environ
        for collector in () if self._adds_up else (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._up = self._gauge("upstream_up", "1 while LiteLLM is well, 0 while it isn't.", "livemostrecent")
        self.requests = self._counter("requests", "Requests answered.", "status")
        self.errors = self._counter("errors", "Requests that ended with an error, in a stream or before it.", "kind")
        self.cancelled = self._counter("cancelled", "Requests whose client hung up before the end.")
        self.direct = self._counter("direct_fallback", "Requests that went past LiteLLM while it was down.")
        self._clients = Counter(
            "llm_proxy_client_requests", "Requests answered, by client.", ["client", "status"], registry=self.registry
        )
        self.in_flight = self._gauge("requests_in_flight", "Requests being served.", "livesum", "route")
        self.duration = self._histogram("request_seconds", "Until an answer's last byte.", ANSWER_S)
        self.upstream = self._histogram(
            "upstream_seconds", "Waiting for the upstream's whole answer, or for a stream's first event.", ANSWER_S
        )
        self.first = self._histogram("time_to_first_token_seconds", "Until a stream's first event.", ANSWER_S)
        self.added = self._histogram(
            "added_seconds", "What the proxy itself took until the first byte of the answer's body.", ADDED_S
        )
        self._by_client: dict[tuple[str, int], Counter] = {}
        self._routes = {route: _Route(self, route) for route in ROUTES}

    def begin(self, route: str) -> None:
        """Count a request that begins."""
        self._routes[route].in_flight.inc()

    def end(self, route: str, ended: RequestEnd) -> None:
        """Count a request that has ended."""
        self._routes[route].end(ended)
        if ended.notes.client:
            self._client(ended.notes.client, ended.status).inc()

    def _client(self, name: str, status: int) -> Counter:
        if (name, status) not in self._by_client:
            self._by_client[name, status] = self._clients.labels(name, str(status))
        return self._by_client[name, status]

    def text(self) -> bytes:
        """Write all metrics in Prometheus's text format; one of several workers writes the sums of all."""
        self._up.set(float(self.upstream_is_healthy()))
        if not self._adds_up:
            return generate_latest(self.registry)
        of_all = CollectorRegistry()
        multiprocess.MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]
        return generate_latest(of_all)

    def _gauge(self, name: str, what: str, mode: Literal["livesum", "livemostrecent"], *labels: str) -> Gauge:
        return Gauge(f"llm_proxy_{name}", what, labels, registry=self.registry, multiprocess_mode=mode)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"llm_proxy_{name}", what, ["route", *labels], registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"llm_proxy_{name}", what, ["route"], buckets=buckets, registry=self.registry)


class _Route:
    """The metrics of one route; looking a label up takes longer than counting."""

    def __init__(self, metrics: Metrics, route: str) -> None:
        self._metrics = metrics
        self._route = route
        self._statuses: dict[int, Counter] = {}
        self.in_flight = metrics.in_flight.labels(route)
        self._cancelled = metrics.cancelled.labels(route)
        self._direct = metrics.direct.labels(route)
        self._duration = metrics.duration.labels(route)
        self._upstream = metrics.upstream.labels(route)
        self._first = metrics.first.labels(route)
        self._added = metrics.added.labels(route)

    def end(self, ended: RequestEnd) -> None:
        notes = ended.notes
        self.in_flight.dec()
        self._status(ended.status).inc()
        self._duration.observe(ended.duration_s)
        if notes.error:
            self._metrics.errors.labels(self._route, notes.error).inc()
        if ended.cancelled:
            self._cancelled.inc()
        if notes.direct:
            self._direct.inc()
        if notes.upstream_s:
            self._upstream.observe(notes.upstream_s)
        if ended.streamed and ended.first_s is not None:
            self._first.observe(ended.first_s)
        if ended.added_s is not None:
            self._added.observe(ended.added_s)

    def _status(self, status: int) -> Counter:
        if status not in self._statuses:
            self._statuses[status] = self._metrics.requests.labels(self._route, str(status))
        return self._statuses[status]
