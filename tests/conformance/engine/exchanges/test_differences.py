"""Differences of JSON values are named without their varying parts."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.engine.exchanges.differences import differences


@pytest.mark.parametrize(
    ("wanted", "got", "causes"),
    [
        ({"a": 1.0, "b": None}, {"a": 1}, []),
        ({"a": 9007199254740993}, {"a": 9007199254740992.0}, ["a is changed"]),
        ({"a": True}, {"a": 1}, ["a is changed"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a[] is missing"]),
        ({"a": [{"b": 1}, {"b": 2}, {"b": 3}]}, {"a": [{"b": 2}, {"b": 3}]}, ["a[] is missing"]),
        ({"a": [{"b": 2}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 2}, {"b": 2}]}, ["a[] is added"]),
        ({"a": [1, 2, 1]}, {"a": [1]}, ["a[] is missing", "a[] is missing"]),
        ({"a": [{"b": 1}, {"b": 2}, {"b": 3}]}, {"a": [{"b": 0}, {"b": 3}]}, ["a[].b is changed", "a[] is missing"]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "x", "c": 0}]}, ["a[].c is added"]),
        ({"metadata": {"x": "1"}}, {"metadata": {"y": "1"}}, ["metadata is changed"]),
        ({"t": {"parameters": {"b": 1, "a": 2}}}, {"t": {"parameters": {"a": 2, "b": 1}}}, []),
        ({"a": {"b": 1}}, {}, ["a is missing"]),
        ({"a": float("nan")}, {"a": float("nan")}, []),
        ({"a": float("nan")}, {"a": 1}, ["a is changed"]),
    ],
)
def test_differences(wanted: Any, got: Any, causes: list[str]) -> None:
    assert [one.cause for one in differences(wanted, got)] == causes
