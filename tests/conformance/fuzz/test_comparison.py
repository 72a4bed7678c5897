"""Comparing JSON by value."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.fuzz.comparison import differences, only, without_nothing


@pytest.mark.parametrize(
    ("wanted", "got"),
    [(1, 1.0), (1e-7, 0.0000001), ({"a": 1, "b": [None]}, {"b": [None], "a": 1}), ("é", "é"), (True, True)],
)
def test_equal_values(wanted: Any, got: Any) -> None:
    assert differences(wanted, got) == []


@pytest.mark.parametrize(
    ("wanted", "got", "difference"),
    [
        (9007199254740993, 9007199254740992.0, "all of it: 9007199254740993 became 9007199254740992.0"),
        (1, True, "all of it: 1 became true"),
        ("ä", "a\u0308", "all of it"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "a.b[1]: 2 became nothing"),
        ({}, {"a": None}, "a: nothing became null"),
        ([], {}, "all of it: [] became {}"),
    ],
)
def test_different_values(wanted: Any, got: Any, difference: str) -> None:
    (found,) = differences(wanted, got)
    assert found.startswith(difference)


def test_additional_members_can_be_allowed() -> None:
    assert differences({"a": [{}]}, {"a": [{"b": 1}], "c": 2}, more=True) == []
    assert differences({"a": [1]}, {"a": [1, 2]}, more=True) == ["a[1]: nothing became 2"]
    assert differences({"a": 1}, {}, more=True) == ["a: 1 became nothing"]


def test_only_a_few_differences_are_listed() -> None:
    assert len(differences(list(range(50)), list(range(1, 51)))) == 4


def test_empty_members_are_left_out() -> None:
    assert without_nothing({"a": None, "b": [], "c": {"d": None}, "e": [{"f": None}], "g": 0}) == {
        "c": {},
        "e": [{}],
        "g": 0,
    }
    assert only({"a": 1}, ("a", "b")) == {"a": 1}
    assert only(None, ("a",)) == {}
