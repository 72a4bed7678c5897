"""How tests are spread over the workers of pytest-xdist, and the one run of the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo_run import DemoRun, run_demo

TESTS = Path(__file__).parent
LONGEST = (
    "reference_server/chain/test_demo.py",
    "conformance/replay/test_against_live.py",
    "deploy/test_examples.py",
    "deploy/test_migration.py",
    "reference_server/chain/test_real_litellm.py",
    "reference_server/proxy/test_settings.py",
    "load/report/test_open_loop.py",
)
"""Measured with `--durations`, those of the session `chain` first; other files follow in the usual order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; a file's tests share a worker, unless they are marked otherwise."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(TESTS).as_posix()))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo's run; tests that need it are in the group `demo`, so that there is one."""
    return run_demo(tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("demo"))
