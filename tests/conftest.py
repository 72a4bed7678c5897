"""The order of the tests: the longest files start first, so that no worker runs one of them alone at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONGEST = (
    "reference_server/proxy/test_settings.py",
    "load/report/test_open_loop.py",
)
"""Measured with `--durations`; other files follow in the usual order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; the others keep their order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
