"""With cassettes in LiteLLM's place, the reference proxy gets the same verdicts as with LiteLLM."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from verdict_comparison import causes, differences, live_only

from hopcheck.cli import main
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.gate.target_file import packaged_target
from hopcheck.report.build import RunSummary, build
from hopcheck_server.chain import Stack

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
UPSTREAM = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]


async def live(work_dir: Path) -> dict:
    cases = all_cases()
    async with Stack.start(work_dir=work_dir, upstream_command=UPSTREAM) as stack:
        assert stack.proxy is not None
        assert stack.proxy.process is not None
        urls = {"base_url": stack.proxy.base_url, "upstream_url": stack.upstream.url}
        target = packaged_target("reference", stack.proxy.key, {**urls, "log_file": str(stack.proxy.process.log_file)})
        options = GateOptions(config=target, cases=list(cases.values()))
        outcome = await gate(options, asyncio.Event(), lambda *_: None)
    return build(
        outcome.verdicts, cases, target, RunSummary(started=outcome.started, duration_s=1.0, selected=len(cases))
    )


def test_the_verdicts_are_the_same_case_by_case(tmp_path, monkeypatch) -> None:
    with_litellm = asyncio.run(live(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["gate", "--replay", str(FOLDER), "--json", "replay.json"]) == 0
    replayed = json.loads((tmp_path / "replay.json").read_text())
    assert differences(with_litellm, replayed) == []
    assert causes(with_litellm) == causes(replayed)
    assert len(live_only(replayed)) <= 0.15 * len(replayed["cases"])
