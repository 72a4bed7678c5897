"""Metrics for an OpenTelemetry collector, over HTTP, by the official SDK."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from hopcheck_load.export.metrics import (
    BUCKETS_S,
    LATENCY_ABOUT,
    REQUESTS_ABOUT,
    TTFT_ABOUT,
    outcome,
    seconds,
)
from hopcheck_load.measurement.records import Record

PERIOD_MS = 5_000.0
SUFFIX = "/v1/metrics"


class OtlpSink:
    """Sends metrics every few seconds, and at the end."""

    def __init__(self, url: str) -> None:
        """Send nothing yet; `url` is the collector's, with or without `/v1/metrics`. Headers are OTLP's variables'."""
        exporter = OTLPMetricExporter(endpoint=f"{url.rstrip('/').removesuffix(SUFFIX)}{SUFFIX}")
        buckets = View(instrument_type=Histogram, aggregation=ExplicitBucketHistogramAggregation(BUCKETS_S))
        self._provider = MeterProvider(
            [PeriodicExportingMetricReader(exporter, export_interval_millis=PERIOD_MS)],
            resource=Resource.create({"service.name": "hopcheck-load"}),
            views=[buckets],
        )
        meter = self._provider.get_meter("hopcheck_load")
        self._requests = meter.create_counter("hopcheck.load.requests", "{request}", REQUESTS_ABOUT)
        self._latency = meter.create_histogram("hopcheck.load.latency", "s", LATENCY_ABOUT)
        self._ttft = meter.create_histogram("hopcheck.load.ttft", "s", TTFT_ABOUT)

    def observe(self, record: Record) -> None:
        """See `MetricsSink`."""
        labels = {"stage": record.workload, "arm": record.arm}
        self._requests.add(1, {**labels, "outcome": outcome(record)})
        for histogram, value in zip((self._latency, self._ttft), seconds(record), strict=True):
            if value is not None:
                histogram.record(value, labels)

    def close(self) -> None:
        """See `MetricsSink`."""
        self._provider.shutdown()
