"""The comparison with an earlier report."""

from __future__ import annotations

import pytest

from hopcheck_load.report import document as report
from hopcheck_load.report.budgets import exit_code
from hopcheck_load.report.comparison import compare, not_compared

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.mark.parametrize(("now_ms", "outcome"), [(1.0, "holds"), (1.02, "holds"), (1.5, "slower"), (0.5, "faster")])
def test_against_an_earlier_report(made, now_ms, outcome):
    before, now = (report.build(made.chats(200, {"hop": added})) for added in (1.0, now_ms))
    (compared,) = compare(now, before)
    assert compared["outcome"] == outcome
    assert compared["change"] == pytest.approx(now_ms - 1.0, abs=0.01)
    assert exit_code({"budget": [], "against": [compared]}) == (1 if outcome == "slower" else 0)


def test_hops_that_only_one_report_has(made):
    before, now = report.build(made.chats(50, {"old": 1.0})), report.build(made.chats(50, {"new": 1.0}))
    assert compare(now, before) == []


def test_what_one_report_lacks_is_named(made):
    now, before = report.build(made.chats(100, {"a": 1.0, "b": 1.0})), report.build(made.chats(100, {"a": 1.0}))
    before["workloads"].append({**before["workloads"][0], "name": "10k"})
    assert not_compared(now, before) == [
        "the hop b is only in this run",
        "the workload 10k is only in the earlier report",
    ]
    assert not_compared(now, now) == []
    short = report.build(made.chats(9, {"a": 1.0}))
    assert not_compared(short, short) == ["a, chat latency: a run was too short for an interval"]
