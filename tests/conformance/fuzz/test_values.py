"""Comparing JSON by meaning, numbers that are owed, and the file of an example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hopcheck.fuzz.comparison import differences, only, without_nothing
from hopcheck.fuzz.example import NOTHING, Example, Unreadable, example_text, file_name, read_example
from hopcheck.fuzz.generation.numbers import portable_numbers
from hopcheck_server.upstream.script.turns import Delivery, Embedding, Turn


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


def test_portable_numbers() -> None:
    given = {"whole": 5.0, "half": 0.5, "far": 1e300, "long": 2**70, "yes": True, "deep": [{"low": -(2**63)}]}
    numbers = portable_numbers(given)
    assert [numbers[name] for name in ("whole", "half", "far", "yes")] == [5, 0.5, 1e300, True]
    assert type(numbers["whole"]) is int
    assert abs(numbers["long"]) < 2**63
    assert abs(numbers["deep"][0]["low"]) < 2**63


EXAMPLES = [
    Example("fuzz.chat", "POST", "/chat/completions", {"messages": [], "big": 2**63 - 1}, turn=Turn(body=b"\xff{}")),
    Example("fuzz.chat", "POST", "/chat/completions", {"a": "\u2028"}, turn=Turn(events=({"choices": []},))),
    Example("fuzz.chat-refusals", "POST", "/chat/completions", b"\x00\xff", (("X", "y"),)),
    Example("fuzz.models", "GET", "/models", NOTHING, turn=Turn(delivery=Delivery(gzip=True, line_end="\r\n"))),
    Example("fuzz.embeddings", "POST", "/embeddings", None, turn=Turn(embedding=Embedding(vectors=((0.5,),)))),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.operation)
def test_an_example_is_written_and_read(tmp_path: Path, example: Example) -> None:
    path = tmp_path / file_name(example)
    path.write_text(example_text(example, 3, {"check": "c", "expected": [], "actual": ["x"]}), encoding="utf-8")
    assert read_example(path) == example
    assert json.loads(path.read_text())["seed"] == 3


def test_each_example_has_a_name_of_its_own() -> None:
    assert len({file_name(example) for example in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "holds no hopcheck.example/1"), ("[]", "holds no"), ('{"schema": "x/1"}', "its schema is 'x/1'")],
)
def test_a_file_that_holds_none(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match=why):
        read_example(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="can't be read: No such file"):
        read_example(tmp_path / "not_runnable.json")
