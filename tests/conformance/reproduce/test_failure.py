"""What an id of a report stands for, and what a new verdict says about it."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.reproduce import Answer, ReportedFailure, failures_named

CAUSE = "contract.response: error.type is null"
DOCUMENT: dict[str, Any] = {
    "causes": [
        {
            "id": "C1",
            "check": "contract.response",
            "cause": "error.type is null",
            "examples": [
                {"case": "errors.shape[chat]", "operation": "chat"},
                {"case": "chat.x[chat.stream]", "operation": "chat.stream"},
            ],
        }
    ],
    "cases": [
        {
            "id": "errors.shape",
            "operation": operation,
            "provider": "",
            "outcome": outcome,
            "untestable_by": "",
            "findings": [{"check": "status", "ok": outcome == "conforms"}, {"check": "other", "ok": True}],
        }
        for operation, outcome in (("chat", "conforms"), ("chat.stream", "deviates"))
    ],
}


def verdict(outcome: Outcome, *failed: str, causes: tuple[str, ...] = ()) -> Verdict:
    occurrences = [Occurrence("contract.response", cause, "d", Level.MUST, "chat", 3) for cause in causes]
    findings = tuple(Finding(check, False, 1, 2) for check in failed)
    evidence = {check: (place,) for place, check in enumerate(failed)}
    return Verdict("errors.shape", outcome, findings=findings, evidence=evidence, occurrences=tuple(occurrences))


@pytest.mark.parametrize("name", ["errors.shape", "errors.shape[chat.stream]"])
def test_a_case_stands_for_its_failing_checks(name: str) -> None:
    assert failures_named(DOCUMENT, name) == [
        ReportedFailure("errors.shape[chat.stream]", frozenset({"status"})),
    ]


def test_a_cause_stands_for_its_examples() -> None:
    found = failures_named(DOCUMENT, "C1")
    assert [one.case for one in found] == ["errors.shape[chat]", "chat.x[chat.stream]"]
    assert {one.cause for one in found} == {CAUSE}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("errors.shape[chat]", "did not fail"),
        ("C9", "failed: C1, errors.shape[chat.stream]"),
        ("nothing.such", "has no nothing.such"),
    ],
)
def test_what_did_not_fail_is_no_failure(name: str, sentence: str) -> None:
    with pytest.raises(LookupError, match=r"errors\.shape|has no") as refused:
        failures_named(DOCUMENT, name)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("again", "answer"),
    [
        (verdict(Outcome.DEVIATES, "status"), Answer.AGAIN),
        (verdict(Outcome.DEVIATES, "other"), Answer.HOLDS),
        (verdict(Outcome.CONFORMS), Answer.HOLDS),
        (verdict(Outcome.UNTESTABLE), Answer.UNTESTABLE),
        (verdict(Outcome.BROKEN), Answer.BROKEN),
    ],
)
def test_the_same_check_fails_again_or_it_does_not(again: Verdict, answer: Answer) -> None:
    assert ReportedFailure("errors.shape[chat]", frozenset({"status"})).answered_by(again) is answer


def test_a_cause_is_met_again_or_it_is_not() -> None:
    cause = ReportedFailure("errors.shape[chat]", cause=CAUSE)
    met = verdict(Outcome.CONFORMS, causes=("error.type is null",))
    assert cause.answered_by(met) is Answer.AGAIN
    assert cause.exchanges_in(met) == (3,)
    assert cause.answered_by(verdict(Outcome.CONFORMS, causes=("other",))) is Answer.HOLDS


def test_the_exchanges_of_a_case_are_those_of_its_failing_checks() -> None:
    failure = ReportedFailure("errors.shape[chat]", frozenset({"b"}))
    assert failure.exchanges_in(verdict(Outcome.DEVIATES, "a", "b")) == (1,)
