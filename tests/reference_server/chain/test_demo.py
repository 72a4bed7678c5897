"""The demo, as a new user runs it: a real LiteLLM and the reference proxy, judged side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hopcheck.report.compare import compare
from hopcheck_server.chain.litellm import DEFAULT_VERSION

pytestmark = pytest.mark.litellm

CRASHED = f"LiteLLM {DEFAULT_VERSION} was ended by signal"
"""The message about a crash of LiteLLM's interpreter (a segmentation fault), which happens rarely."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    done, folder = run(tmp_path_factory.mktemp("demo"))
    if CRASHED in done.stderr:
        assert done.returncode == 3
        done, folder = run(tmp_path_factory.mktemp("demo"))
    return done, folder


def run(folder: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    words = [sys.executable, "-m", "hopcheck", "demo", "--output", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300), folder


def report(folder: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return loaded


@pytest.mark.timeout(700)
def test_it_holds_and_says_where_the_reports_are(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = demo
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert str(folder / "index.html") in done.stdout
    assert (folder / "index.html").read_text().startswith("<!")


@pytest.mark.timeout(700)
def test_the_reference_adds_no_fault_and_fixes_many(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, folder = demo
    comparison = compare(report(folder, "litellm"), report(folder, "reference"))
    added = {one.case_id: one.only_second for one in comparison.differences if one.only_second}
    fixed = [check for one in comparison.differences for check in one.only_first]
    assert added == {}
    assert len(fixed) >= 5


@pytest.mark.timeout(700)
@pytest.mark.parametrize("name", ["litellm", "reference"])
def test_everything_could_be_asked(demo: tuple[subprocess.CompletedProcess[str], Path], name: str) -> None:
    summary = report(demo[1], name)["summary"]
    assert (summary["untestable"], summary["broken"]) == (0, 0)
