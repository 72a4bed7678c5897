"""The proof knows what it searches, and says when something didn't come out as it should."""

from __future__ import annotations

import pytest

from hopcheck.authoring.findings import Finding
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.search import FailingExample, SearchResult
from hopcheck.selftest import fuzz_search


def test_every_mutant_that_it_names_is_there() -> None:
    assert list(fuzz_search._wrong()) == list(fuzz_search.MUTANTS)
    assert len(fuzz_search.MUTANTS) >= 10


def row(text: str | None, *, honest: bool = False) -> fuzz_search.SearchRow:
    found = {}
    if text is not None:
        example = Example("fuzz.chat-refusals", "POST", "/chat/completions", {"messages": text})
        found["c"] = FailingExample(example, Finding("c", False, [], ["x"]))
    return fuzz_search.SearchRow("r", SearchResult(found=found, made=3), honest)


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        (row("x"), True),
        (row("x" * 400), False),
        (row(None), False),
        (row(None, honest=True), True),
        (row("x", honest=True), False),
    ],
)
def test_what_counts_as_found(shown: fuzz_search.SearchRow, holds: bool) -> None:
    assert shown.holds is holds
    assert str(shown).startswith("✓" if holds else "✗")


def test_what_is_found_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz_search.main(["--only", "errors.method-not-allowed:SaysDetail", "--examples", "30"]) == 0
    assert "1 of 1 killed" in capsys.readouterr().out


def test_what_is_not_found_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz_search.main(["--only", "errors.content-type:ReadsAnything", "--examples", "1"]) == 1
    assert "✗ errors.content-type:ReadsAnything" in capsys.readouterr().out
