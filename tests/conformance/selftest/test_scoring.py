"""What counts as killed, and as a false positive, where something did not hold on an exchange."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, Level
from hopcheck.authoring.mutants import Mutant
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.selftest import Cell, MatrixColumn, MatrixScore, score
from hopcheck.selftest.columns import HEALTHY
from hopcheck.selftest.scoring import kills
from hopcheck_server.relay import Relay

EVENT = Occurrence("contract.event", "id is missing", "event 1: id is missing", Level.MUST, "chat.stream", 0)
REFUSAL = Occurrence("acceptance", "status 400, seed", "…", Level.MUST, "chat", 0)
HELD, FAILED = Finding("status", True, 200, 200), Finding("status", False, 200, 400)


def verdict(outcome: Outcome, *findings: Finding, **more: Any) -> Verdict:
    return Verdict("chat.one", outcome, findings=findings, **more)


def scored(column: MatrixColumn, made: Verdict) -> MatrixScore:
    async def function(_: Any) -> Any:
        yield HELD

    case = Case("chat.one", Level.MUST, "It is.", function, ("a",), frozenset(), {})
    return score([Cell(column.name, made)], [column], {case.key: case})


def test_a_check_on_every_exchange_is_failed_by_its_occurrence() -> None:
    conforming = verdict(Outcome.CONFORMS, HELD, occurrences=(EVENT,))
    assert kills(conforming, "contract.event")
    assert not kills(conforming, "contract.response")
    assert not kills(conforming, "status")


def test_an_occurrence_fails_no_check_of_the_case() -> None:
    deviating = verdict(Outcome.DEVIATES, FAILED, occurrences=(EVENT,))
    assert kills(deviating, "status")
    assert kills(deviating, "contract.event")


@pytest.mark.parametrize("untestable_by", ["", REFUSAL.key])
def test_an_untestable_case_kills_only_by_the_cause_that_kept_it(untestable_by: str) -> None:
    made = verdict(Outcome.UNTESTABLE, FAILED, occurrences=(REFUSAL,), untestable_by=untestable_by)
    assert kills(made, "acceptance")
    assert kills(made, "status") is bool(untestable_by)


@pytest.mark.parametrize("name", [HEALTHY, "honest.Slower"])
def test_an_occurrence_on_an_honest_relay_is_a_false_positive(name: str) -> None:
    honest = MatrixColumn(name, Relay, honest=True)
    (found,) = scored(honest, verdict(Outcome.CONFORMS, HELD, occurrences=(EVENT,))).false_positives
    assert found == ("chat.one[chat]", name, "conforms: contract.event: id is missing")
    assert scored(honest, verdict(Outcome.CONFORMS, HELD)).false_positives == []


def test_a_mutant_that_an_occurrence_shows_survives_other_checks() -> None:
    def column(check: str) -> MatrixColumn:
        return MatrixColumn(
            "wrong", Relay, mutants=(("chat.one[chat]", Mutant("Wrong", "It is wrong.", Relay, check)),)
        )

    made = verdict(Outcome.CONFORMS, HELD, occurrences=(EVENT,))
    assert scored(column("contract.event"), made).killed == [("chat.one[chat]", "contract.event", "Wrong")]
    (survivor,) = scored(column("status"), made).survived
    assert survivor[:3] == ("chat.one[chat]", "status", "Wrong")
