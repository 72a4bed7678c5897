"""Budgets, and the comparison with an earlier report."""

from __future__ import annotations

import random

import pytest

from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.render.values import verdict

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.fixture(scope="module")
def document(made):
    return report.build(made.chats(1500, {"fast": 1.0, "slow": 5.0}))


def outcomes(document, budget):
    return {(one["budget"], one["hop"]): one["outcome"] for one in gate.judge(document, gate.parse(budget))}


def test_reading_budgets():
    first, second, third, fourth = gate.parse("p50=1ms, p99.9=5s,ttft_p90=250us,hop:10k.latency_p50=30ms")
    assert (first.hop, first.workloads, first.measure, first.quantile, first.most_ms) == (
        "",
        ("chat", "responses", "messages"),
        "latency",
        0.5,
        1.0,
    )
    assert (second.quantile, second.most_ms) == (0.999, 5000.0)
    assert third.workloads[:3] == ("stream", "paced", "responses-stream")
    assert (third.measure, third.most_ms) == ("ttft", 0.25)
    assert (fourth.hop, fourth.workloads, fourth.most_ms) == ("hop", ("10k",), 30.0)


@pytest.mark.parametrize("text", ["p50", "p50=1", "p42=1ms", "x.p50=1ms", "p50=-1ms", "p50=1min"])
def test_what_is_no_budget(text):
    with pytest.raises(ValueError, match=r"budget|workload"):
        gate.parse(text)


def test_a_budget_holds_or_is_exceeded(document):
    assert outcomes(document, "p50=2ms") == {("p50=2ms", "fast"): "holds", ("p50=2ms", "slow"): "exceeded"}


def test_a_limit_within_the_interval_is_not_exceeded(document):
    median = report.find(document, "chat", "latency")["added"]["fast"]["median"]
    middle = (median["low"] + median["high"]) / 2
    assert outcomes(document, f"fast:p50={middle:.6f}ms") == {(f"fast:p50={middle:.6f}ms", "fast"): "unsure"}


def test_a_budget_for_one_hop(document):
    assert outcomes(document, "fast:p50=2ms") == {("fast:p50=2ms", "fast"): "holds"}
    assert outcomes(document, "other:p50=2ms") == {("other:p50=2ms", "other"): "not measured"}


def test_a_quantile_of_too_few_values_is_not_judged(document):
    assert set(outcomes(document, "p99=1s").values()) == {"not measured"}
    assert set(outcomes(document, "ttft_p50=1s").values()) == {"not measured"}
    assert gate.first_unjudgeable(gate.parse("p90=1ms,p99=1ms"), 1500).text == "p99=1ms"
    assert gate.first_unjudgeable(gate.parse("p90=1ms,lag_p99=1ms"), 1500) is None


@pytest.mark.parametrize(
    ("budget", "code"), [("", 0), ("p50=9ms", 0), ("p50=2ms", 1), ("p99=1s", 3), ("p50=2ms,p99=1s", 1)]
)
def test_exit_codes(document, budget, code):
    assert gate.exit_code({"budget": gate.judge(document, gate.parse(budget)), "against": []}) == code


def test_a_hop_that_often_fails_is_not_judged(made):
    measurement = made.chats(100, {"hop": 1.0})
    for record in measurement.records:
        if record.arm == "hop" and record.round % 10 == 0:
            record.failure = "status 500"
    assert set(outcomes(report.build(measurement), "p50=9ms").values()) == {"not measured"}


def test_an_unsure_budget_fails_where_that_is_asked_for(document):
    median = report.find(document, "chat", "latency")["added"]["fast"]["median"]
    limit = median["value"] + (median["high"] - median["value"]) / 2
    (judged,) = gate.judge(document, gate.parse(f"fast:p50={limit:.6f}ms"))
    both = {**document, "budget": [judged]}
    assert judged["outcome"] == "unsure"
    assert (gate.exit_code(both), gate.exit_code(both, strict=True)) == (0, 1)
    assert 10_000 < judged["needs"] < 18_000
    assert verdict(judged, under_load=False).startswith("unsure; it takes about ")


def test_a_budget_that_holds_needs_nothing_more(document):
    (judged,) = gate.judge(document, gate.parse("fast:p50=2ms"))
    assert (judged["outcome"], judged["needs"]) == ("holds", None)


def test_a_budget_without_an_interval_says_what_it_takes(made):
    (judged,) = gate.judge(report.build(made.chats(9, {"hop": 1.0})), gate.parse("p50=2ms"))
    assert (judged["outcome"], judged["needs"]) == ("not measured", 10)


def test_as_many_rounds_as_it_says_decide_mostly(made):
    """The hop adds 1 ms, the limit is 1.01 ms: of 60 rounds hardly any run knows, of as many as it says most do."""
    outcomes = []
    for seed in range(14):
        (judged,) = gate.judge(report.build(noisy(made, 60, seed)), gate.parse("p50=1010us"))
        if judged["outcome"] == "unsure" and judged["needs"] < 5_000:
            (again,) = gate.judge(report.build(noisy(made, judged["needs"], 100 + seed)), gate.parse("p50=1010us"))
            outcomes.append(again["outcome"])
    assert len(outcomes) >= 7
    assert sum(outcome != "unsure" for outcome in outcomes) >= 0.6 * len(outcomes)


def noisy(made, rounds, seed):
    """Exchanges that differ by 0.05 ms, each through a hop that adds 1 ms."""
    measurement, draw = made.chats(rounds, {"hop": 1.0}, spread_ms=0.0), random.Random(seed)
    for record in measurement.records:
        record.done_ns += round(draw.gauss(0, 0.05) * made.MS)
    return measurement
