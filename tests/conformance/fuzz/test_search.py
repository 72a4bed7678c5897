"""The search: it shrinks, tells kinds of failures apart, and ends when it has to."""

from __future__ import annotations

import time

import pytest
from hypothesis import strategies as st

from hopcheck.authoring.findings import Finding, Level
from hopcheck.fuzz import search as searching
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.search import Bounds, Result, search

NUMBERS = st.integers(0, 10_000).map(lambda number: Example("fuzz.chat", "POST", "/", number))


def finding(check: str, ok: bool, level: Level = Level.MUST) -> Finding:
    return Finding(check, ok, None, None, level)


def at_most(limits: dict[str, int]):
    return lambda example: [finding(check, example.body <= limit) for check, limit in limits.items()]


def look(judge, **bounds) -> Result:
    return search(NUMBERS, judge, Bounds(**{"examples": 60, "seed": 1, **bounds}), lambda _played: None)


def test_nothing_is_found_where_everything_holds() -> None:
    told: list[int] = []
    result = search(NUMBERS, at_most({"size": 10_000}), Bounds(60, 1), told.append)
    assert (result.found, result.made, result.played, result.held) == ({}, 60, 60, {"size": 60})
    assert told == list(range(1, 61))


def test_what_is_found_is_made_as_small_as_it_gets() -> None:
    result = look(at_most({"size": 50}))
    assert result.found["size"].example.body == 51
    assert result.made < result.played


def test_the_same_seed_finds_the_same() -> None:
    drawn: list[list[int]] = []
    for seed in (1, 1, 2):
        drawn.append([])
        look(lambda example: drawn[-1].append(example.body) or [], seed=seed, examples=20)
    assert drawn[0] == drawn[1] != drawn[2]


def test_kinds_of_failures_are_told_apart() -> None:
    result = look(at_most({"huge": 9_000, "large": 500}), examples=300)
    assert {check: found.example.body for check, found in result.found.items()} == {"huge": 9_001, "large": 501}


def test_one_kind_is_enough_if_one_says_so() -> None:
    assert len(look(at_most({"huge": 9_000, "large": 500}), examples=300, first_only=True).found) == 1


def test_an_example_is_shrunk_for_what_is_owed_rather_than_for_what_is_recommended() -> None:
    def judge(example: Example) -> list[Finding]:
        return [finding("recommended", example.body <= 70, Level.SHOULD), finding("owed", example.body <= 50)]

    assert look(judge).found["owed"].example.body == 51


def test_what_fails_only_beside_something_else_is_told_too() -> None:
    result = look(lambda example: [finding("size", example.body <= 50), finding("beside", example.body <= 40)])
    assert set(result.found) == {"size", "beside"}
    assert result.found["beside"].example.body <= 51
    assert result.held["size"] >= result.held["beside"]


def test_it_ends_when_the_time_is_over() -> None:
    result = look(at_most({"size": 10_000}), ends_at=time.monotonic())
    assert (result.played, result.cut_short) == (0, "the time is over")


def test_it_ends_when_it_is_stopped_with_what_it_has_found() -> None:
    bounds = Bounds(60, 1)

    def judge(example: Example) -> list[Finding]:
        bounds.stopped.set()
        return [finding("size", False)]

    result = search(NUMBERS, judge, bounds, lambda _played: None)
    assert (result.played, result.cut_short, list(result.found)) == (1, "stopped", ["size"])


def test_what_cannot_be_played_ends_it() -> None:
    def judge(_example: Example) -> list[Finding]:
        raise OSError("gone")

    result = look(judge)
    assert (result.played, result.found, str(result.error)) == (0, {}, "gone")


def test_failures_that_come_and_go_are_found_too() -> None:
    turns = iter(range(1_000))
    result = look(lambda _example: [finding("luck", next(turns) != 3)])
    assert set(result.found) == {"luck"}


def test_shrinking_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SHRINKS", 5)
    result = look(lambda example: [finding("size", example.body <= 50)])
    assert result.found
    assert result.played <= result.made + 7


def test_a_mistake_of_ours_is_not_swallowed() -> None:
    broken = st.integers().map(lambda number: number.nonsense)
    with pytest.raises(AttributeError, match="nonsense"):
        search(broken, lambda _example: [], Bounds(5, 1), lambda _played: None)
