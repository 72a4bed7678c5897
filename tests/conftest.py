"""How tests are spread over the workers of pytest-xdist, and the one run of the demo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import hopcheck_load  # noqa: F401  (before anything imports numpy, whose threads it bounds)
from tests.demo_run import DemoRun, run_demo

TESTS = Path(__file__).parent
LONGEST = (
    "reference_server/chain/test_demo.py",
    "conformance/replay/test_against_live.py",
    "deploy/test_examples.py",
    "deploy/test_shared.py",
    "deploy/test_migration.py",
    "reference_server/chain/test_real_litellm.py",
    "reference_server/proxy/test_settings.py",
    "load/report/test_open_loop.py",
)
"""Files in the order in which they start, those of the session `chain` first; the others follow in the usual order."""

DEMO = ("tests/reference_server/chain/test_demo.py", "tests/conformance/replay/test_against_live.py")
DEPLOYMENTS = ("tests/deploy/test_examples.py", "tests/deploy/test_shared.py")
SEPARATE = ("tests/deploy/test_migration.py", "tests/deploy/test_traps.py", "tests/hostile/test_gate.py")

_CHOSEN = re.compile(r"\(?(\w+(?: or \w+)*)\)?(?: and not (?:\w+|\(.*\)))?")


def unit_of(test: str) -> str:
    """The unit that a test belongs to: a worker runs all of it.

    It is the file, so that what its fixtures start is started once; but all tests that judge the demo's run are one
    unit, each deployment of an example is one, and so are tests that share nothing and take long.
    """
    file, _, name = test.partition("::")
    if file in DEMO:
        return "demo"
    if file in DEPLOYMENTS:
        return f"{file}{name.rstrip(']').partition('[')[2]}"
    return test if file in SEPARATE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give units to workers as they become free, in the order in which the tests stand."""
    from xdist.scheduler import LoadScopeScheduling

    class UnitScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    config.option.loadscopereorder = False
    return UnitScheduling(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m`, leave out files without such a mark: to import all of them takes each worker ten seconds."""
    chosen = _CHOSEN.fullmatch(config.option.markexpr)
    if chosen is None or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    return None if any(f"mark.{name}" in text for name in chosen[1].split(" or ")) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; the others keep their order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo's run, for all tests that judge what it left."""
    return run_demo(tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("demo"))
