"""A baseline of the first edition becomes one of this edition."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.gate.catalogue import all_cases
from hopcheck.report.baseline import Baseline, Deviation
from hopcheck.report.baseline.migration import Migration, _new_ids, migrated

NULL = "error.type: expected a string, not null"
CAUSES = [
    {"check": "contract.event", "cause": NULL, "cases": ["stream.cut", "errors.shape"]},
    {"check": "contract.event", "cause": "id is missing", "cases": ["stream.cut"]},
    {"check": "contract.response", "cause": "error is missing", "cases": ["errors.shape"]},
]


def entry(case: str, *checks: str, **more: Any) -> Deviation:
    return Deviation(case=case, checks=checks, reason=f"of {case}", **more)


def carried(*entries: Deviation, causes: Any = CAUSES) -> Migration:
    return migrated(Baseline("b.toml", entries), causes, all_cases())


def test_a_case_has_its_new_id() -> None:
    renamed = Deviation(case="errors.shape", checks=("status",), reason="of error.shape")
    assert carried(entry("error.shape", "status")).deviations == (renamed,)


def test_every_new_id_is_a_case() -> None:
    assert set(_new_ids().values()) <= set(all_cases())
    assert not set(_new_ids()) & set(all_cases())


def test_a_contract_check_becomes_the_causes_that_its_case_met() -> None:
    migration = carried(entry("stream.cut", "finish reasons", "contract.event", issue="#7"))
    shown = [(one.case, one.checks, one.check, one.complaint, one.issue) for one in migration.deviations]
    assert shown == [
        ("", (), "contract.event", NULL, "#7"),
        ("", (), "contract.event", "id is missing", "#7"),
        ("stream.cut", ("finish reasons",), "", "", "#7"),
    ]
    assert migration.left == ()


def test_a_cause_that_several_cases_met_is_listed_once() -> None:
    migration = carried(entry("stream.cut", "contract.event"), entry("error.shape", "contract.event"))
    assert [(one.complaint, one.reason) for one in migration.deviations] == [
        (NULL, "of stream.cut"),
        ("id is missing", "of stream.cut"),
    ]


@pytest.mark.parametrize(
    ("causes", "sentence"),
    [
        (None, "stream.cut: contract.response needs its complaint: give a report of a run with --report."),
        (CAUSES, "stream.cut: contract.response was not met in that run; its entry is dropped."),
    ],
)
def test_what_cannot_be_carried_over_is_named(causes: Any, sentence: str) -> None:
    migration = carried(entry("stream.cut", "text", "contract.response"), causes=causes)
    assert migration.left == (sentence,)
    assert [one.checks for one in migration.deviations] == [("text",)]


def test_a_case_that_is_no_more_is_kept_and_named() -> None:
    migration = carried(entry("no.such", "x"))
    assert [one.case for one in migration.deviations] == ["no.such"]
    assert migration.left == ("no.such: there is no such case; its entry is kept, and matches nothing.",)


def test_carrying_over_twice_changes_nothing() -> None:
    once = carried(entry("stream.cut", "text", "contract.event"), entry("error.shape", "status"))
    assert carried(*once.deviations, causes=None) == once
