"""Mutants that were written from the requirements alone."""

from pathlib import Path

import pytest

from hopcheck.authoring.findings import Finding
from hopcheck.authoring.outside import import_folder
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.independent import INDEPENDENT, IndependentMutant, IndependentTrial, trials_of
from hopcheck_server.relay import Relay

FOLDER = Path(__file__).parents[3] / "tests" / "mutants"


@pytest.fixture(scope="module")
def mutants():
    import_folder(FOLDER)
    return [one for one in INDEPENDENT if one.relay.__module__.startswith("hopcheck_outside_")]


def test_each_is_wrong_on_an_operation(mutants):
    cases = {case.id: case for case in all_cases().values()}
    without = [one.relay.__name__ for one in mutants if not trials_of([one], cases)]
    assert without == []


def verdict(outcome, **parts):
    return Verdict("errors.shape", outcome, **parts)


@pytest.mark.parametrize(
    ("found", "killers"),
    [
        (verdict(Outcome.CONFORMS), []),
        (verdict(Outcome.DEVIATES, findings=(Finding("status", False, 200, 500),)), ["status"]),
        (verdict(Outcome.UNTESTABLE, reason="no attempt"), ["untestable: no attempt"]),
        (
            verdict(Outcome.CONFORMS, occurrences=(Occurrence("http", "twice", "twice", None, "chat"),)),
            ["http: twice"],
        ),
    ],
)
def test_killers(found, killers):
    case = next(case for case in all_cases().values() if case.id == "errors.shape")
    assert IndependentTrial(IndependentMutant("errors.shape", Relay), case, found).killers == killers
