"""The search: it shrinks, distinguishes checks, and ends in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import strategies as st

from hopcheck.authoring.findings import Finding, Level
from hopcheck.fuzz import search as search_module
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.search import SearchBounds, SearchResult, search

NUMBERS = st.integers(0, 10_000).map(lambda number: Example("fuzz.chat", "POST", "/", number))


def finding(check: str, ok: bool, level: Level = Level.MUST) -> Finding:
    return Finding(check, ok, None, None, level)


def at_most(limits: dict[str, int]):
    return lambda example: [finding(check, example.body <= limit) for check, limit in limits.items()]


def search_with(judge, **bounds) -> SearchResult:
    return search(NUMBERS, judge, SearchBounds(**{"examples": 60, "seed": 1, **bounds}), lambda _played: None)


def test_nothing_is_found_if_everything_holds() -> None:
    progress: list[int] = []
    result = search(NUMBERS, at_most({"size": 10_000}), SearchBounds(60, 1), progress.append)
    assert (result.found, result.made, result.played, result.held) == ({}, 60, 60, {"size": 60})
    assert progress == list(range(1, 61))


def test_a_failing_example_is_shrunk() -> None:
    result = search_with(at_most({"size": 50}))
    assert result.found["size"].example.body == 51
    assert result.made < result.played


def test_the_same_seed_finds_the_same() -> None:
    drawn: list[list[int]] = []
    for seed in (1, 1, 2):
        drawn.append([])
        search_with(lambda example: drawn[-1].append(example.body) or [], seed=seed, examples=20)
    assert drawn[0] == drawn[1] != drawn[2]


def test_each_failed_check_has_an_example_of_its_own() -> None:
    result = search_with(at_most({"huge": 9_000, "large": 500}), examples=300)
    assert {check: found.example.body for check, found in result.found.items()} == {"huge": 9_001, "large": 501}


def test_first_only_ends_with_the_first_failed_check() -> None:
    assert len(search_with(at_most({"huge": 9_000, "large": 500}), examples=300, first_only=True).found) == 1


def test_an_example_is_shrunk_for_its_must() -> None:
    def judge(example: Example) -> list[Finding]:
        return [finding("recommended", example.body <= 70, Level.SHOULD), finding("required", example.body <= 50)]

    assert search_with(judge).found["required"].example.body == 51


def test_a_check_that_fails_only_with_another_is_found() -> None:
    result = search_with(lambda example: [finding("size", example.body <= 50), finding("second", example.body <= 40)])
    assert set(result.found) == {"size", "second"}
    assert result.found["second"].example.body <= 51
    assert result.held["size"] >= result.held["second"]


def test_a_search_ends_when_the_time_is_over() -> None:
    result = search_with(at_most({"size": 10_000}), ends_at=time.monotonic())
    assert (result.played, result.cut_short) == (0, "the time is over")


def test_a_stopped_search_keeps_what_it_found() -> None:
    bounds = SearchBounds(60, 1)

    def judge(example: Example) -> list[Finding]:
        bounds.stopped.set()
        return [finding("size", False)]

    result = search(NUMBERS, judge, bounds, lambda _played: None)
    assert (result.played, result.cut_short, list(result.found)) == (1, "stopped", ["size"])


def test_an_example_that_cannot_be_played_ends_the_search() -> None:
    def judge(_example: Example) -> list[Finding]:
        raise OSError("gone")

    result = search_with(judge)
    assert (result.played, result.found, str(result.error)) == (0, {}, "gone")


def test_intermittent_failures_are_found() -> None:
    turns = iter(range(1_000))
    result = search_with(lambda _example: [finding("luck", next(turns) != 3)])
    assert set(result.found) == {"luck"}


def test_shrinking_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MAX_SHRINKS", 5)
    result = search_with(lambda example: [finding("size", example.body <= 50)])
    assert result.found
    assert result.played <= result.made + 7


def test_an_error_of_the_strategy_is_raised() -> None:
    broken = st.integers().map(lambda number: number.nonsense)
    with pytest.raises(AttributeError, match="nonsense"):
        search(broken, lambda _example: [], SearchBounds(5, 1), lambda _played: None)
