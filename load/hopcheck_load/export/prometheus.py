"""Metrics in Prometheus's text format, served while a run goes on."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from hopcheck_load.export.metrics import (
    BUCKETS_S,
    LABELS,
    LATENCY_ABOUT,
    REQUESTS_ABOUT,
    TTFT_ABOUT,
    outcome,
    seconds,
)
from hopcheck_load.measurement.records import Record


class PrometheusSink:
    """Serves `/metrics`.

    Attributes:
        port: The port.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """Serve at once; port 0 is any free one.

        Raises:
            OSError: The port isn't free.
        """
        registry = CollectorRegistry()
        self._requests = Counter("hopcheck_load_requests", REQUESTS_ABOUT, (*LABELS, "outcome"), registry=registry)
        self._latency = self._histogram("hopcheck_load_latency_seconds", LATENCY_ABOUT, registry)
        self._ttft = self._histogram("hopcheck_load_ttft_seconds", TTFT_ABOUT, registry)
        self._server, self._thread = start_http_server(port, host, registry)
        self.port = int(self._server.server_port)

    @staticmethod
    def _histogram(name: str, about: str, registry: CollectorRegistry) -> Histogram:
        return Histogram(name, about, LABELS, buckets=BUCKETS_S, registry=registry)

    def observe(self, record: Record) -> None:
        """See `MetricsSink`."""
        self._requests.labels(record.workload, record.arm, outcome(record)).inc()
        for histogram, value in zip((self._latency, self._ttft), seconds(record), strict=True):
            if value is not None:
                histogram.labels(record.workload, record.arm).observe(value)

    def close(self) -> None:
        """See `MetricsSink`."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
