"""Causes: ranked, counted once for the run, shown with a few examples, and apart from the cases that met them."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.authoring.findings import Level
from hopcheck.engine.verdict import Outcome
from hopcheck.report.cause_view import kept_from_asking, shown_id
from hopcheck.report.causes import CATEGORIES, EXAMPLES_KEPT, INVARIANTS, causes_of
from hopcheck.report.document import red_cases, red_causes
from hopcheck.report.tally import headline


def met(sample: Any, *occurrences: Any, case_id: str = "chat.schema") -> Any:
    return sample.verdict(case_id, Outcome.CONFORMS, occurrences=occurrences)


def test_a_cause_is_counted_once_however_many_cases_met_it(sample: Any) -> None:
    one = sample.occurrence
    (cause,) = causes_of(
        [
            met(sample, one(), one(operation="chat")),
            met(sample, case_id="http.request-id"),
            met(sample, one(detail="other places"), case_id="errors.shape"),
        ]
    )
    assert (cause.count, dict(cause.operations)) == (3, {"chat.stream": 2, "chat": 1})
    assert list(cause.cases) == ["chat.schema[chat]", "errors.shape[chat]"]
    assert (cause.outcome, cause.category) == (Outcome.DEVIATES, "correctness")


def test_another_complaint_of_a_check_is_another_cause(sample: Any) -> None:
    causes = causes_of([met(sample, sample.occurrence(), sample.occurrence(cause="id is missing"))])
    assert {cause.cause for cause in causes} == {sample.complaint, "id is missing"}


def test_causes_are_ranked_by_category_and_then_by_count(sample: Any) -> None:
    one = sample.occurrence
    causes = causes_of(
        [
            met(sample, *[one("contract.response", "often and harmless", level=Level.SHOULD)] * 9),
            met(sample, one("contract.event", "once"), *[one("contract.response", "twice")] * 2),
            met(sample, one("contract.upstream-request", "lost")),
        ]
    )
    assert [cause.cause for cause in causes] == ["lost", "twice", "once", "often and harmless"]
    assert [cause.category for cause in causes] == ["data loss", "correctness", "correctness", "compatibility"]


@pytest.mark.parametrize("name", INVARIANTS)
def test_each_invariant_has_a_sentence(name: str) -> None:
    invariant = INVARIANTS[name]
    assert invariant.category in CATEGORIES
    assert invariant.requirement.endswith(".")
    assert invariant.sentence[0].isupper()


def test_examples_are_one_of_each_operation_then_of_each_case(sample: Any) -> None:
    one = sample.occurrence
    several = [met(sample, one(detail="1"), one(detail="2"), one(operation="chat", detail="3"))]
    others = [met(sample, one(detail=case_id), case_id=case_id) for case_id in ("errors.shape", "http.request-id")]
    (cause,) = causes_of([*several, *others])
    assert [occurrence.detail for _, occurrence in cause.examples] == ["1", "3", "errors.shape"]
    assert len(cause.examples) == EXAMPLES_KEPT


def test_a_report_has_its_causes_with_their_exchanges(sample: Any) -> None:
    document = sample.document(sample.caused)
    refusal, event, advisory = sorted(document["causes"], key=lambda cause: cause["check"])[:3]
    assert [cause["id"] for cause in document["causes"]] == ["C1", "C2", "C3"]
    assert (event["count"], event["operations"]) == (3, {"chat": 1, "chat.stream": 2})
    assert [(one["operation"], len(one["exchanges"])) for one in event["examples"]] == [("chat.stream", 2), ("chat", 1)]
    assert {one["exchange"] for one in event["examples"][1]["exchanges"]} == {1}
    assert event["sentence"] == f"Stream events have no `role`: {sample.complaint}."
    assert (refusal["outcome"], advisory["outcome"]) == ("deviates", "advisory")
    assert document["summary"]["causes"] == {"deviates": 2, "advisory": 1, "listed": 0}
    assert document["exchanges"] == {"chat": 2, "chat.stream": 1}
    judged = {one["check"]: one["judged"] for one in document["held"]}
    assert judged == {"acceptance": {"chat": 2}, "contract.event": {"chat.stream": 9}, "contract.response": {"chat": 1}}


def test_keys_are_nowhere_in_a_cause(sample: Any) -> None:
    leaking = sample.exchange("client", events=[{"at": 0.1, "data": f"pk {sample.keys[1]}"}])
    found = sample.verdict(
        "chat.schema",
        Outcome.CONFORMS,
        occurrences=(sample.occurrence(cause=sample.keys[0], detail=f"in {sample.keys[2]}"),),
        exchanges=(leaking,),
    )
    text = str(sample.document((found,))["causes"])
    assert not [key for key in sample.keys if key in text]
    assert text.count("[redacted]") >= 4


def test_a_case_is_red_for_its_own_requirement_alone(sample: Any) -> None:
    document = sample.document(sample.caused)
    assert red_cases(document) == []
    assert {cause["check"] for cause in red_causes(document)} == {"acceptance", "contract.event"}
    assert document["summary"]["exit"] == 1
    assert headline(document) == (
        "relay doesn't hold: 2 causes on its exchanges, 0 of 3 requirements fail, "
        "1 could not be asked because of a cause, 1 advisory"
    )


def test_a_case_that_could_not_be_asked_counts_with_its_cause(sample: Any) -> None:
    document = sample.document(sample.caused)
    (refusal,) = (cause for cause in document["causes"] if cause["check"] == "acceptance")
    assert [shown_id(case) for case in kept_from_asking(document, refusal)] == ["chat.content-exact[chat]"]
    assert document["summary"]["untestable"] == 1


def test_an_advisory_cause_fails_a_strict_run_alone(sample: Any) -> None:
    only = sample.caused[2:]
    assert sample.document(only)["summary"]["exit"] == 0
    assert sample.document(only, strict=True)["summary"]["exit"] == 1


def test_a_run_that_ended_early_says_why(sample: Any) -> None:
    document = sample.document(sample.green, ended_early="it refuses every request", selected=9)
    assert (document["partial"], document["summary"]["exit"]) == (True, 3)
    assert headline(document) == "relay can't be tested: it refuses every request"
