"""The order of the tests: files that take long come first, so that nobody waits for one of them at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONGEST = (
    "core/test_diagonal.py",
    "load/test_run.py",
    "load/test_cli.py",
    "cli/test_interrupted.py",
    "fuzz/test_stateful.py",
    "proxy/test_settings.py",
    "cli/test_gate.py",
    "cassettes/test_pytest_plugin.py",
    "load/test_under_load.py",
    "cli/test_commands.py",
    "cli/test_fuzz.py",
)
"""Told by measuring; what isn't listed follows in the usual order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; all others stay as they are."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
