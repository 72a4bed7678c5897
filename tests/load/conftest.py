"""Fixtures of the tests of the measurement."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hopcheck_load.stats import intervals, slices
from tests.load import made_measurements


@pytest.fixture(scope="session")
def made():
    """Builders of measurements that never happened, with known figures."""
    return made_measurements


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """Draw a tenth of the usual resamples; the tests of `stats` hold the coverage with all of them."""
    with pytest.MonkeyPatch.context() as patch:
        few = intervals.RESAMPLES // 10
        for module in (intervals, slices):
            patch.setattr(module, "RESAMPLES", few)
        yield
