"""`hopcheck baseline migrate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hopcheck.report.baseline import load_baseline

pytestmark = pytest.mark.commands

OLD = '[[deviation]]\ncase = "error.shape"\nchecks = ["status", "contract.response"]\nreason = "since 1.2"\n'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.toml"
    path.write_text(OLD)
    return path


def test_without_a_report_the_rest_is_carried_over(inside, old: Path) -> None:
    done = inside("baseline", "migrate", "old.toml")
    assert done.code == 1
    assert "1 entries became 1 in old.toml" in done.out
    assert "left: errors.shape: contract.response needs its complaint" in done.out
    assert [(one.case, one.checks) for one in load_baseline(old).deviations] == [("errors.shape", ("status",))]


def test_a_report_gives_the_complaints(inside, old: Path, canned, tmp_path: Path) -> None:
    assert inside(*canned, "--select", "errors.invalid-json", "--json", "r.json").code == 1
    report = json.loads((tmp_path / "r.json").read_text())
    cause = {
        "id": "C1", "check": "contract.response", "category": "correctness", "level": "MUST", "requirement": "It is.",
        "cause": "error is missing", "sentence": "It isn't.", "outcome": "deviates", "count": 1,
        "operations": {"chat": 1}, "cases": ["errors.shape"], "baseline": None, "examples": [],
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps({**report, "causes": [cause]}))
    done = inside("baseline", "migrate", "old.toml", "--report", "r.json", "--output", "new.toml")
    assert (done.code, old.read_text()) == (0, OLD)
    of_cause, of_case = load_baseline(tmp_path / "new.toml").deviations
    assert (of_cause.check, of_cause.complaint, of_cause.reason) == (
        "contract.response",
        "error is missing",
        "since 1.2",
    )
    assert of_case.case == "errors.shape"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gone.toml"], "gone.toml"),
        (["old.toml", "--report", "gone.json"], "gone.json can't be read"),
        (["old.toml", "--report", "old.toml"], "Expecting value"),
        (["old.toml", "--output", "no/such/b.toml"], "there is no folder"),
    ],
)
def test_a_mistake_is_one_sentence(inside, old: Path, words: list[str], sentence: str) -> None:
    done = inside("baseline", "migrate", *words)
    assert (done.code, old.read_text()) == (2, OLD)
    assert sentence in done.err
    assert "Traceback" not in done.err
