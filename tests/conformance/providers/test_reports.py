"""Verdicts of providers in baselines and reports."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopcheck.authoring.case_names import without_provider
from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.gate.catalogue import all_cases
from hopcheck.report.baseline import Baseline, Deviation, baseline_text, judge, updated
from hopcheck.report.render.provider_view import provider_lines, provider_rows

TODAY = datetime.date(2030, 1, 1)
FAILED = Finding("status", False, 200, 500)
CASE = "errors.shape"


def verdict(provider: str, outcome: Outcome = Outcome.DEVIATES, *occurrences: Occurrence) -> Verdict:
    findings = (FAILED,) if outcome is Outcome.DEVIATES else ()
    judged = {(one.check, one.operation): 1 for one in occurrences}
    return Verdict(CASE, outcome, findings=findings, occurrences=occurrences, judged=judged).at(provider)


def listed(verdicts: list[Verdict], *entries: Deviation) -> Any:
    return judge(verdicts, Baseline("b.toml", entries), all_cases(), TODAY, unfiltered=True)


def test_a_key_names_the_provider() -> None:
    assert [verdict(name).key for name in ("", "anthropic")] == [f"{CASE}[chat]", f"{CASE}[chat@anthropic]"]
    assert without_provider(f"{CASE}[chat@anthropic]") == (f"{CASE}[chat]", "anthropic")
    assert without_provider(f"{CASE}[chat]") == (f"{CASE}[chat]", "")


@pytest.mark.parametrize("operation", ["", "chat"])
def test_an_entry_is_for_one_provider(operation: str) -> None:
    entry = Deviation(case=CASE, checks=("status",), operation=operation, provider="anthropic", reason="known to us")
    judgement = listed([verdict(""), verdict("anthropic")], entry)
    assert judgement.statuses == {f"{CASE}[chat]": None, f"{CASE}[chat@anthropic]": "listed"}


def test_a_cause_is_listed_for_each_provider() -> None:
    met = Occurrence("http", "a field is lost", "", Level.MUST, "chat")
    own = Deviation(check="http", complaint="a field is lost", reason="known to us")
    other = Deviation(check="http", complaint="a field is lost", provider="anthropic", reason="known to us")
    both = [verdict("", Outcome.CONFORMS, met), verdict("anthropic", Outcome.CONFORMS, met)]
    assert listed(both, own).listed_causes == frozenset()
    assert listed(both, own, other).listed_causes == {met.key}
    assert listed(both[:1], own, other).problems == ()  # the other provider was not asked
    stale = listed([verdict("", Outcome.CONFORMS, met), both[1].at("azure")], own, other)
    assert stale.problems == ()


def test_new_entries_name_their_provider() -> None:
    met = Occurrence("http", "a field is lost", "", Level.MUST, "chat")
    entries = updated([verdict("anthropic", Outcome.DEVIATES, met)], all_cases(), Baseline("b.toml"), strict=False)
    named = [(entry.case or entry.check, entry.provider) for entry in entries]
    assert named == [("http", "anthropic"), (CASE, "anthropic")]
    assert baseline_text(entries).count('provider = "anthropic"') == 2


def test_cases_stand_side_by_side() -> None:
    cases = [
        {"id": "a.b", "provider": "anthropic", "outcome": "conforms", "baseline": None},
        {"id": "a.b", "provider": "anthropic", "outcome": "deviates", "baseline": "listed"},
        {"id": "a.b", "provider": "gemini", "outcome": "not-applicable", "baseline": None},
        {"id": "c.d", "provider": "gemini", "outcome": "deviates", "baseline": None},
    ]
    document: Any = {"cases": cases}
    assert provider_rows(document) == [("a.b", "(deviates)", "not-applicable"), ("c.d", "·", "deviates")]
    assert provider_lines(document) == [
        "anthropic: 1 conforms, 1 deviates",
        "gemini: 1 deviates, 1 not-applicable",
    ]
