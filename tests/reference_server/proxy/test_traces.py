"""OpenTelemetry: spans and histograms by the GenAI conventions, and none of what clients choose in a metric."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from raw_upstream import CHAT, KEY

from hopcheck_server.proxy import create_app, load_settings
from hopcheck_server.proxy.telemetry.traces import OpenTelemetry

PATH = "/v1/chat/completions"
TRACE_ID, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CONTEXT = {"traceparent": f"00-{TRACE_ID}-{CLIENT_SPAN}-01"}


class Recorded:
    """A proxy in mock mode whose spans and metrics stay in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spans, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self.spans))
        made = OpenTelemetry(traces.get_tracer("test"), MeterProvider([self.reader]).get_meter("test"))
        monkeypatch.setattr("hopcheck_server.proxy.app.open_telemetry", lambda version: (made, traces.shutdown))
        self.app = create_app(load_settings(otel=True, internal_api_key=KEY, mock_delay_s=0))

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        async def ask() -> httpx2.Response:
            transport = httpx2.ASGITransport(self.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://proxy") as client:
                return await client.post(path, json=body, headers={"authorization": f"Bearer {KEY}", **headers})

        return asyncio.run(ask())

    def span(self) -> ReadableSpan:
        (span,) = self.spans.get_finished_spans()
        return span

    def points(self) -> dict[str, list[dict[str, Any]]]:
        """The attributes of every series, by metric."""
        data = self.reader.get_metrics_data()
        metrics = [] if data is None else data.resource_metrics[0].scope_metrics[0].metrics
        return {metric.name: [dict(point.attributes or {}) for point in metric.data.data_points] for metric in metrics}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(monkeypatch)


def test_a_chat_is_a_span_below_the_clients(recorded: Recorded) -> None:
    assert recorded.post(PATH, {**CHAT, "model": "m-1"}, **CONTEXT).status_code == 200
    span = recorded.span()
    assert span.parent is not None
    assert span.context is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE_ID, CLIENT_SPAN)
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.operation.name"] == span.name == "chat"
    assert attributes["gen_ai.request.model"] == "m-1"
    assert attributes["http.response.status_code"] == 200
    assert recorded.points() == {"gen_ai.server.request.duration": [{"gen_ai.operation.name": "chat"}]}


def test_a_stream_has_a_time_to_its_first_token(recorded: Recorded) -> None:
    assert recorded.post(PATH, {**CHAT, "stream": True}).status_code == 200
    assert set(recorded.points()) == {"gen_ai.server.request.duration", "gen_ai.server.time_to_first_token"}


def test_an_error_names_its_kind(recorded: Recorded) -> None:
    assert recorded.post(PATH, {"messages": []}).status_code == 400
    assert (recorded.span().attributes or {})["error.type"] == "refused"


def test_other_routes_have_no_spans(recorded: Recorded) -> None:
    assert recorded.post("/v1/nope", {}).status_code == 404
    assert recorded.spans.get_finished_spans() == ()


def test_the_proxys_span_is_the_upstreams_parent(recorded: Recorded) -> None:
    trace = recorded.app.state.traces(PATH, CONTEXT)
    version, trace_id, parent, _ = trace.headers["traceparent"].split("-")
    assert (version, trace_id) == ("00", TRACE_ID)
    assert parent != CLIENT_SPAN


def test_without_the_extra_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hopcheck_server.proxy.settings.loading.find_spec", lambda name: None)
    with pytest.raises(Exception, match="hopcheck\\[metrics\\]"):
        load_settings(otel=True)
