"""OpenTelemetry by the GenAI conventions: a server span for each generation, and two histograms. Off by default.

Exporters are those of the official SDK, configured by its own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, …). Spans hold
models, statuses and times: no content, no key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from hopcheck_server.proxy.telemetry.metrics import RequestEnd

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Span, Tracer

OPERATIONS = {
    "/v1/chat/completions": "chat",
    "/v1/messages": "chat",
    "/v1/responses": "chat",
    "/v1/embeddings": "embeddings",
}
"""`gen_ai.operation.name` by route; other routes have no spans."""

DURATION_S = tuple(0.01 * 2**power for power in range(14))
"""The convention's buckets."""

FIRST_TOKEN_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class RequestTrace(Protocol):
    """The trace of one request."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The trace context to send upstream, in place of the client's; empty to leave that."""

    def end(self, ended: RequestEnd) -> None:
        """Record how the request ended."""


class NoTrace:
    """What is recorded without OpenTelemetry, or of other routes: nothing."""

    headers: Mapping[str, str] = {}

    def end(self, ended: RequestEnd) -> None:
        """Record nothing."""


NO_TRACE = NoTrace()

Traces = Callable[[str, Mapping[str, str]], RequestTrace]
"""Begins the trace of a request, by its route and the trace context that the client sent."""


def no_traces(route: str, context: Mapping[str, str]) -> RequestTrace:
    """Record nothing."""
    return NO_TRACE


class OpenTelemetry:
    """Begins spans, and counts, by a tracer and a meter of the SDK."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = tracer
        self._kind = SpanKind.SERVER
        self._propagator = TraceContextTextMapPropagator()
        self.duration = meter.create_histogram(
            "gen_ai.server.request.duration", "s", explicit_bucket_boundaries_advisory=DURATION_S
        )
        self.first_token = meter.create_histogram(
            "gen_ai.server.time_to_first_token", "s", explicit_bucket_boundaries_advisory=FIRST_TOKEN_S
        )

    def __call__(self, route: str, context: Mapping[str, str]) -> RequestTrace:
        """See `Traces`."""
        operation = OPERATIONS.get(route)
        if operation is None:
            return NO_TRACE
        parent = self._propagator.extract(dict(context))
        span = self._tracer.start_span(operation, parent, self._kind, {"gen_ai.operation.name": operation})
        return _GenerationTrace(self, span, operation)

    def context_of(self, span: Span) -> dict[str, str]:
        """Return the header fields that name a span as the parent."""
        from opentelemetry.trace import set_span_in_context

        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, set_span_in_context(span))
        return carrier


class _GenerationTrace:
    """The span of one generation, and what is counted at its end."""

    def __init__(self, telemetry: OpenTelemetry, span: Span, operation: str) -> None:
        self.headers: Mapping[str, str] = telemetry.context_of(span)
        self._telemetry = telemetry
        self._span = span
        self._operation = operation

    def end(self, ended: RequestEnd) -> None:
        """End the span, and count the request."""
        from opentelemetry.trace import StatusCode

        # The model is an attribute of the span alone: clients choose it, and would make series without end.
        counted: dict[str, str | int] = {"gen_ai.operation.name": self._operation, **_error_of(ended)}
        self._telemetry.duration.record(ended.duration_s, counted)
        if ended.streamed and ended.first_s is not None:
            self._telemetry.first_token.record(ended.first_s, counted)
        self._span.set_attributes({**counted, "http.response.status_code": ended.status})
        if ended.notes.model:
            self._span.set_attribute("gen_ai.request.model", ended.notes.model[:200])
        if "error.type" in counted and ended.status >= 500:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _error_of(ended: RequestEnd) -> dict[str, str | int]:
    if ended.cancelled:
        return {"error.type": "cancelled"}
    return {"error.type": ended.notes.error} if ended.notes.error else {}


def open_telemetry(version: str) -> tuple[OpenTelemetry, Callable[[], None]]:
    """Export by OTLP, as OpenTelemetry's own variables say; gives it, and what ends the export.

    Raises:
        ModuleNotFoundError: The extra `metrics` isn't installed.
    """
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "llm-proxy", "service.version": version})
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)

    def shut_down() -> None:
        traces.shutdown()
        metrics.shutdown()

    return OpenTelemetry(traces.get_tracer("llm-proxy"), metrics.get_meter("llm-proxy")), shut_down
