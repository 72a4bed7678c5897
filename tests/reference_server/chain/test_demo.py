"""The demo, as a new user runs it: a real LiteLLM and the reference proxy, judged side by side."""

from __future__ import annotations

import pytest

from hopcheck.report.compare import compare
from tests.demo_run import DemoRun

pytestmark = [pytest.mark.litellm, pytest.mark.every_model, pytest.mark.timeout(900)]


def test_it_holds_and_says_where_the_reports_are(demo: DemoRun) -> None:
    assert demo.ended.returncode == 0, demo.ended.stdout[-4000:] + demo.ended.stderr[-2000:]
    assert str(demo.folder / "index.html") in demo.ended.stdout
    assert (demo.folder / "index.html").read_text().startswith("<!")


def test_the_reference_adds_no_fault_and_fixes_many(demo: DemoRun) -> None:
    comparison = compare(demo.report("litellm"), demo.report("reference"))
    added = {one.case_id: one.only_second for one in comparison.differences if one.only_second}
    fixed = [check for one in comparison.differences for check in one.only_first]
    assert added == {}
    assert len(fixed) >= 5


def test_each_provider_has_a_line(demo: DemoRun) -> None:
    asked = ("anthropic", "azure", "gemini", "ollama", "openai_responses", "vllm")
    lines = demo.ended.stdout.splitlines()
    assert [sum(line.startswith(f"{name}: ") for line in lines) for name in asked] == [1] * len(asked)


@pytest.mark.parametrize("name", ["litellm", "reference", "providers"])
def test_everything_could_be_asked(demo: DemoRun, name: str) -> None:
    summary = demo.report(name)["summary"]
    assert (summary["untestable"], summary["broken"]) == (0, 0)
