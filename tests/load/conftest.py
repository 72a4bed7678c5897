"""Fixtures of the tests of the measurement."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hopcheck_load.closed_loop import rounds
from hopcheck_load.measurement import machine
from hopcheck_load.stats import blocks
from tests.load import made_measurements


@pytest.fixture(scope="session")
def made():
    """Builders of measurements that never happened, with known figures."""
    return made_measurements


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """Draw a tenth of the usual resamples; the tests of `stats` hold the coverage of the intervals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "RESAMPLES", blocks.RESAMPLES // 10)
        yield


@pytest.fixture
def some_draws(monkeypatch) -> None:
    """Draw a quarter of the usual resamples: enough to show how often intervals hold the truth."""
    monkeypatch.setattr(blocks, "RESAMPLES", blocks.RESAMPLES // 4)


@pytest.fixture(scope="module")
def short_preparation() -> Iterator[None]:
    """Watch the machine for an instant only, and warm up with few rounds, before real measurements of a few rounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "WATCH_S", 0.01)
        patch.setattr(rounds, "min_rounds_of", lambda workload: 2)
        yield


@pytest.fixture
def collector() -> Iterator[object]:
    """An OpenTelemetry collector."""
    from tests.load.metric_receivers import Collector  # imported late: few tests need the packages

    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
