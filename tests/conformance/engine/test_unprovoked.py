"""A request that a target may refuse is no healthy one."""

from __future__ import annotations

from hopcheck.cases.http.head import DropsLargeHeads, large_headers
from hopcheck.engine.verdict import Outcome


def test_a_large_head_that_is_dropped_is_advice_alone(bench) -> None:
    verdict = bench.judge([large_headers], DropsLargeHeads)["http.large-headers"]
    assert verdict.outcome is Outcome.ADVISORY
    assert verdict.occurrences == ()
