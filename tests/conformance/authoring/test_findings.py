"""What `expect` holds for equal, and how findings add up."""

from __future__ import annotations

import math

import pytest

from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.engine.verdict import Outcome, outcome_of

NAN = math.nan


@pytest.mark.parametrize(
    ("actual", "comparison", "ok"),
    [
        (1, {"equals": 1}, True),
        (True, {"equals": 1}, False),
        (1, {"equals": True}, False),
        (1, {"equals": 1.0}, True),
        (1.0, {"equals": 1}, False),
        (True, {"equals": 1.0}, False),
        (0, {"equals": False}, False),
        (None, {"equals": None}, True),
        (None, {"equals": 0}, False),
        ("1", {"equals": 1}, False),
        (NAN, {"equals": NAN}, False),
        ({"a": [1, {"b": 2}]}, {"equals": {"a": [1, {"b": 2}]}}, True),
        ({"a": [1, {"b": True}]}, {"equals": {"a": [1, {"b": 1}]}}, False),
        ({"a": 1, "b": 2}, {"equals": {"b": 2, "a": 1}}, True),
        ({"a": None}, {"equals": {}}, False),
        ([1, 2], {"equals": [2, 1]}, False),
        ((1, 2), {"equals": [1, 2]}, True),
        ([1], {"equals": 1}, False),
        ("ab", {"equals": ["a", "b"]}, False),
        (1, {"one_of": (2, 1)}, True),
        (True, {"one_of": [0, 1]}, False),
        (3, {"one_of": iter([1, 2, 3])}, True),
        (None, {"one_of": []}, False),
        ("abc", {"contains": "b"}, True),
        (["abc"], {"contains": "b"}, False),
        ([True], {"contains": 1}, False),
        ([[1]], {"contains": [1]}, True),
        ({"key": 1}, {"contains": "key"}, True),
        (None, {"contains": "b"}, False),
        (5, {"contains": "b"}, False),
        ("abc", {"contains": 5}, False),
        ("abc", {"lacks": "d"}, True),
        ("abc", {"lacks": "b"}, False),
        ([1.0], {"lacks": 1}, True),
        (None, {"lacks": "b"}, False),
        (5, {"lacks": "b"}, False),
        (3, {"at_most": 3}, True),
        (3.1, {"at_most": 3}, False),
        (None, {"at_most": 3}, False),
        ("3", {"at_most": 3}, False),
        (True, {"at_most": 3}, False),
        (NAN, {"at_most": 3}, False),
        (3, {"at_least": 3}, True),
        (2, {"at_least": 3}, False),
        (True, {"at_least": 0}, False),
        (None, {"at_least": 0}, False),
        ("anything", {"holds": True, "to": "hold"}, True),
        ("anything", {"holds": False, "to": "hold"}, False),
    ],
)
def test_comparisons(actual: object, comparison: dict[str, object], ok: bool) -> None:
    assert expect("it", actual, **comparison).ok is ok


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ({"equals": 200}, 200),
        ({"one_of": (200, 201)}, {"one_of": [200, 201]}),
        ({"contains": "x"}, {"contains": "x"}),
        ({"at_most": 4}, {"at_most": 4}),
        ({"equals": 200, "to": "succeed"}, "succeed"),
        ({"holds": True, "to": "be well"}, "be well"),
    ],
)
def test_a_finding_says_what_was_expected_and_seen(comparison: dict[str, object], expected: object) -> None:
    finding = expect("status", 200, level="MAY", **comparison)
    assert (finding.check, finding.expected, finding.actual, finding.level) == ("status", expected, 200, Level.MAY)


@pytest.mark.parametrize("comparison", [{}, {"equals": 1, "one_of": [1]}, {"holds": True}, {"to": "be"}])
def test_exactly_one_comparison_is_made(comparison: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="takes one comparison"):
        expect("it", 1, **comparison)


def made(ok: bool, level: Level | None = None) -> Finding:
    return Finding("it", ok, None, None, level)


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        ([], Outcome.BROKEN),
        ([made(True), made(True, Level.MUST)], Outcome.CONFORMS),
        ([made(False)], Outcome.ADVISORY),
        ([made(False, Level.MAY)], Outcome.ADVISORY),
        ([made(False), made(False, Level.MUST)], Outcome.DEVIATES),
    ],
)
def test_findings_add_up(findings: list[Finding], outcome: Outcome) -> None:
    assert outcome_of(iter(findings), Level.SHOULD) is outcome
