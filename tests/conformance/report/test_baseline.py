from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.target_file import SettingsError
from hopcheck.report.baseline import NO_REASON, Baseline, Deviation, baseline_text, judge, load_baseline, updated
from hopcheck.report.document import red_cases
from hopcheck.report.tally import headline

REASON = "the end is announced twice since 1.2"
BOTH = ("one [DONE]", "[DONE] is last")


def entry(case: str = "stream.done-once", checks: tuple[str, ...] = BOTH, **more: Any) -> Deviation:
    return Deviation(case=case, checks=checks, reason=REASON, **more)


def judged(sample: Any, *entries: Deviation, verdicts: Any = None, strict: bool = False) -> Any:
    made = sample.verdicts if verdicts is None else verdicts
    return judge(made, Baseline("b.toml", entries), sample.cases, sample.today, strict=strict)


def test_a_listed_case_is_green_while_it_fails_as_listed(sample: Any) -> None:
    judgement = judged(sample, entry())
    assert judgement.statuses["stream.done-once[chat]"] == "listed"
    assert judgement.problems == ()
    only = tuple(one for one in sample.verdicts if one.case_id in {"stream.done-once", "chat.schema"})
    document = sample.document(only, Baseline("b.toml", (entry(),)))
    assert (document["summary"]["exit"], document["summary"]["listed"], red_cases(document)) == (0, 1, [])
    assert headline(document) == "relay holds: 1 requirement kept, 1 known deviation"


def test_two_entries_can_share_a_case(sample: Any) -> None:
    first, second = (entry(checks=(check,)) for check in BOTH)
    assert judged(sample, first, second).statuses["stream.done-once[chat]"] == "listed"


def test_another_failing_check_is_red(sample: Any) -> None:
    judgement = judged(sample, entry(checks=BOTH[:1]))
    assert judgement.statuses["stream.done-once[chat]"] is None
    assert judgement.problems == ('b.toml: stream.done-once[chat] fails in "[DONE] is last" too, which is not listed.',)


def test_a_listed_check_that_holds_is_stale(sample: Any) -> None:
    judgement = judged(sample, entry(checks=(*BOTH, "status")))
    assert judgement.statuses["stream.done-once[chat]"] == "stale"
    assert judgement.problems == ('b.toml: stream.done-once[chat] is listed for "status", which holds now: remove it.',)


def test_a_stale_entry_fails_a_run_without_a_failing_case(sample: Any) -> None:
    document = sample.document(sample.green, Baseline("b.toml", (entry("chat.schema", ("status",)),)))
    assert (document["summary"]["exit"], [case["id"] for case in red_cases(document)]) == (1, ["chat.schema"])


def test_a_check_that_is_never_made_is_stale(sample: Any) -> None:
    (problem,) = judged(sample, entry("chat.schema", ("no such",))).problems
    assert 'listed for "no such", a check that it did not make' in problem
    cut_short = judged(sample, entry("errors.shape", ("later", "untestable")))
    assert cut_short.statuses["errors.shape[chat]"] == "listed"
    assert cut_short.problems == ()


def test_untestable_is_listed_by_that_name(sample: Any) -> None:
    for name in ("untestable", "UNTESTABLE".lower()):  # as it is read from a file, it is another object
        assert judged(sample, entry("errors.shape", (name,))).statuses["errors.shape[chat]"] == "listed"
    assert judged(sample, entry("errors.shape", ("status",))).statuses["errors.shape[chat]"] == "stale"
    (problem,) = judged(sample, entry("chat.schema", ("untestable",))).problems
    assert "which holds now" in problem


def test_an_entry_that_matches_nothing_is_a_problem(sample: Any) -> None:
    (problem,) = judged(sample, entry("stream.done-onec")).problems
    assert problem == (
        'b.toml: an entry matches nothing: there is no case "stream.done-onec"; did you mean "stream.done-once"?'
    )
    document = sample.document(sample.green, Baseline("b.toml", (entry("no.such"),)))
    assert document["summary"]["exit"] == 1
    assert headline(document) == "relay doesn't hold: the baseline needs an update"


def test_cases_that_were_not_run_or_do_not_apply_are_left_alone(sample: Any) -> None:
    assert judged(sample, entry(), verdicts=sample.green).problems == ()
    assert judged(sample, entry("fallback.taken", ("any",))).problems == ()


def test_a_baseline_never_covers_what_hopcheck_broke(sample: Any) -> None:
    judgement = judged(sample, entry("retry.budget", ("status",)))
    assert judgement.statuses["retry.budget[chat]"] is None


def test_an_expired_entry_counts_no_more(sample: Any) -> None:
    last_day = judged(sample, entry(expires=sample.today))
    assert (last_day.statuses["stream.done-once[chat]"], last_day.problems) == ("listed", ())
    judgement = judged(sample, entry(expires=sample.today - datetime.timedelta(days=1)))
    assert judgement.statuses["stream.done-once[chat]"] is None
    assert "the entry for stream.done-once expired on 2031-05-05" in judgement.problems[0]


def test_advisories_need_an_entry_only_where_they_count(sample: Any) -> None:
    assert judged(sample, strict=True).statuses["http.request-id[chat]"] is None
    listed = entry("http.request-id", ("x-request-id",))
    assert judged(sample, listed, strict=True).statuses["http.request-id[chat]"] == "listed"
    assert judged(sample, listed).statuses["http.request-id[chat]"] == "listed"
    weak = Finding("weak", False, 1, 2, level=None)
    other = sample.verdict("http.request-id", Outcome.ADVISORY, Finding("x-request-id", False, 1, 2), weak)
    assert judged(sample, listed, verdicts=[other]).statuses["http.request-id[chat]"] == "listed"
    assert judged(sample, listed, verdicts=[other], strict=True).statuses["http.request-id[chat]"] is None


def test_a_baseline_made_from_a_run_makes_that_run_green(sample: Any, tmp_path: Path) -> None:
    path = tmp_path / "hopcheck-baseline.toml"
    path.write_text(baseline_text(updated(sample.verdicts, sample.cases, Baseline(str(path)), strict=False)))
    baseline = load_baseline(path)
    assert [one.case for one in baseline.deviations] == ["errors.shape", "stream.done-once"]
    assert {one.reason for one in baseline.deviations} == {NO_REASON}
    unbroken = tuple(one for one in sample.verdicts if one.outcome is not Outcome.BROKEN)
    unreasoned = sample.document(unbroken, baseline)
    assert (unreasoned["summary"]["exit"], red_cases(unreasoned)) == (1, [])
    assert len(unreasoned["baseline"]["problems"]) == len(baseline.deviations)
    reasoned = replace(baseline, deviations=tuple(replace(one, reason=REASON) for one in baseline.deviations))
    assert sample.document(unbroken, reasoned)["summary"]["exit"] == 0


def test_rewriting_keeps_reasons_and_what_was_not_judged(sample: Any) -> None:
    previous = Baseline(
        "b.toml",
        (
            entry(checks=("[DONE] is last", "gone"), issue="#7"),
            entry("chat.schema", ("status",)),
            entry("chat.content-exact", ("not run",)),
            entry("no.such"),
        ),
    )
    kept = updated(sample.verdicts, sample.cases, previous, strict=False)
    assert [(one.case, one.checks, one.reason) for one in kept] == [
        ("chat.content-exact", ("not run",), REASON),
        ("errors.shape", ("untestable",), NO_REASON),
        ("stream.done-once", ("[DONE] is last",), REASON),
        ("stream.done-once", ("one [DONE]",), NO_REASON),
    ]
    assert kept[2].issue == "#7"


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    odd = 'quotes " and \\ and\nlines\x7f\x00 and é'
    entries = (
        Deviation(case="a.b", checks=(odd, "x"), reason=odd, issue=odd, expires=datetime.date(2031, 1, 2)),
        entry(),
    )
    path = tmp_path / "b.toml"
    path.write_text(baseline_text(entries), encoding="utf-8")
    assert load_baseline(path).deviations == entries


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[deviaton]]\ncase = 'a'", '"deviaton" is unknown; entries begin with [[deviation]].'),
        ("[deviation]\ncase = 'a'", "write [[deviation]], with two brackets, for each entry."),
        ("[[deviation]]\ncase = 'a'\nchecks = ['b']", '[deviation 1] lacks the key "reason".'),
        ("[[deviation]]\ncase = 'a'\nchecks = 'b'\nreason = 'c'", "[deviation 1] checks must be an array of strings"),
        ("[[deviation]]\ncase = 'a'\nchecks = []\nreason = 'c'", "[deviation 1] checks must name at least one check."),
        ("[[deviation]]\ncase = 'a'\nchecks = ['b']\nreason = ''", "reason must be a string with something in it"),
        ("[[deviation]]\nreason = 'c'", "case must be given, or else `check` and `complaint`, and not both."),
        ("[[deviation]]\ncase = 'a'\ncheck = 'd'\nreason = 'c'", "and not both."),
        ("[[deviation]]\ncheck = 'd'\nreason = 'c'", "complaint must say what is wrong, as the report's cause does."),
        (
            "[[deviation]]\ncheck = 'd'\ncomplaint = 'e'\nchecks = ['b']\nreason = 'c'",
            "[deviation 1] checks belongs to entries with a `case`.",
        ),
        (
            "[[deviation]]\ncase = 'a'\nchecks = ['b']\nintermittent = true\nreason = 'c'",
            "[deviation 1] intermittent belongs to entries with a `check`.",
        ),
        (
            "[[deviation]]\ncheck = 'd'\ncomplaint = 'e'\nreason = 'c'\n" * 2,
            '[deviation 2] complaint lists "e" of d again.',
        ),
        (
            "[[deviation]]\ncase = 'a'\nchecks = ['b', 'b']\nreason = 'c'",
            '[deviation 1] checks lists "b" of a again.',
        ),
        (
            "[[deviation]]\ncase = 'a'\nchecks = ['b']\nreason = 'c'\nexpires = '2031-01-01'",
            '[deviation 1] expires must be a date without quotes, like 2031-12-31, not the string "2031-01-01".',
        ),
        (
            "[[deviation]]\ncase = 'a'\nchecks = ['b']\nreason = 'c'\nexpire = 2031-01-01",
            '[deviation 1] has no key "expire"; did you mean "expires"?',
        ),
        ("[[deviation]\n", "is not valid TOML: "),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_baseline(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: ")
    assert sentence in problem
