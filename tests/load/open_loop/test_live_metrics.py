"""A real run under load whose metrics are scraped, and sent to a collector."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error

import pytest

from hopcheck.cli import main
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from tests.load.metric_receivers import counts_of, scrape, scraped_counts
from tools import calibrate

pytestmark = pytest.mark.locust


class Scraper(threading.Thread):
    """Scrapes until the run has ended, and keeps what it saw."""

    def __init__(self, port):
        super().__init__()
        self.port, self.over, self.seen = port, threading.Event(), []

    def run(self):
        while not self.over.wait(0.1):
            try:
                self.seen.append(scraped_counts(scrape(self.port)))
            except (urllib.error.URLError, OSError):
                continue  # it doesn't serve yet, or no more


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_a_scrape_and_a_collector_see_the_counts_of_the_report(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "hopcheck-client-key")
    page, scraper = tmp_path / "report.json", Scraper(free_port())
    scraper.start()
    with UpstreamProcess() as provider, calibrate.relays(provider.url) as url:
        hop = [f"base={url}/base/v1,A_KEY", "--upstream-url", provider.url]
        load = ["--rate", "30", "--duration", "4", "--measure", "chat,stream", "--processes", "2"]
        ends = ["--prometheus", str(scraper.port), "--otlp", collector.url, "--json", str(page)]
        try:
            assert main(["load", *hop, *load, *ends]) in (0, 3)  # 3: a busy machine made all stages invalid
        finally:
            scraper.over.set()
            scraper.join()
    expected = counts_of(json.loads(page.read_text()))
    assert collector.counts() == expected
    assert scraper.seen[-1] == expected
    assert any(0 < one.total() < expected.total() for one in scraper.seen)
