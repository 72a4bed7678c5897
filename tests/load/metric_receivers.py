"""What receives metrics: a scrape of Prometheus, and a collector of OpenTelemetry's."""

from __future__ import annotations

import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families


def counts_of(document):
    found = Counter()
    for row in document["workloads"]:
        for arm, one in row["exchanges"].items():
            found[row["name"], arm, "failed"] += one["failed"]
            found[row["name"], arm, "interrupted"] += one["interrupted"]
            found[row["name"], arm, "answered"] += one["asked"] - one["failed"] - one["interrupted"]
    return +found


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as response:
        return list(text_string_to_metric_families(response.read().decode()))


def scraped_counts(families):
    found = Counter()
    for one in (sample for family in families for sample in family.samples):
        if one.name == "hopcheck_load_requests_total":
            found[one.labels["stage"], one.labels["arm"], one.labels["outcome"]] += int(one.value)
    return found


class Collector(ThreadingHTTPServer):
    """Keeps what is sent to it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def counts(self):
        """The counts of the last message."""
        found = Counter()
        for metric in self.metrics():
            if metric.name == "hopcheck.load.requests":
                for point in metric.sum.data_points:
                    labels = {one.key: one.value.string_value for one in point.attributes}
                    found[labels["stage"], labels["arm"], labels["outcome"]] = point.as_int
        return found

    def metrics(self):
        message = ExportMetricsServiceRequest.FromString(self.received[-1])
        return [one for some in message.resource_metrics for scope in some.scope_metrics for one in scope.metrics]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.path == "/v1/metrics"
        self.server.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
