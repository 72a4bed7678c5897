"""With cassettes in LiteLLM's place, the reference proxy gets the same verdicts as with LiteLLM, in the demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from verdict_comparison import causes, differences, live_only

from hopcheck.cli import main
from tests.demo_run import DemoRun

pytestmark = [pytest.mark.litellm, pytest.mark.every_model, pytest.mark.timeout(900)]

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"


def test_the_verdicts_are_the_same_case_by_case(demo: DemoRun, tmp_path, monkeypatch) -> None:
    live = demo.report("reference")
    monkeypatch.chdir(tmp_path)
    assert main(["gate", "--replay", str(FOLDER), "--json", "replay.json"]) == 0
    replayed = json.loads((tmp_path / "replay.json").read_text())
    assert differences(live, replayed) == []
    assert causes(live) == causes(replayed)
    assert len(live_only(replayed)) <= 0.15 * len(replayed["cases"])
