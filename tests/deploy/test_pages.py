"""What the pages about deployments name is there: cases, metrics, files."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

from hopcheck.gate.catalogue import all_cases
from hopcheck_server.proxy.telemetry.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "from-draft-to-reference.md", DOCS / "operations.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_case_that_it_names_is_one(page: Path) -> None:
    areas = {case.partition(".")[0] for case in all_cases()}
    named = re.findall(r"`([a-z_]+\.[a-z0-9*-]+)`", page.read_text())
    cases = [case for case in named if case.partition(".")[0] in areas]
    assert [case for case in cases if not fnmatch.filter(all_cases(), case)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_it_points_to_is_there(page: Path) -> None:
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", page.read_text())]
    files = [target for target in targets if not target.startswith("https://")]
    assert [file for file in files if not (DOCS / file).exists()] == []


def test_every_metric_that_it_names_is_measured() -> None:
    measured = Metrics(lambda: True).text().decode()
    named = re.findall(r"\bllm_proxy_[a-z_]+(?<!_)", (DOCS / "operations.md").read_text())
    assert len(named) > 8
    assert [name for name in named if name.removesuffix("_bucket") not in measured] == []
