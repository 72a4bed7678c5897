"""A baseline's entries for causes: what they cover, when they are stale, and what a written baseline has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hopcheck.engine.verdict import Outcome
from hopcheck.report.baseline import NO_REASON, Baseline, Deviation, baseline_text, judge, load_baseline, updated
from hopcheck.report.document import red_causes
from hopcheck.report.tally import headline

REASON = "delta.role is null since 1.2"
STREAMED = "contract.event: choices[].delta.role: expected a string, not null"


def entry(sample: Any, **changes: Any) -> Deviation:
    return Deviation(**({"check": "contract.event", "complaint": sample.complaint, "reason": REASON} | changes))


def judged(sample: Any, *entries: Deviation, verdicts: Any = None, unfiltered: bool = True) -> Any:
    made = sample.caused[:1] if verdicts is None else verdicts
    return judge(made, Baseline("b.toml", entries), sample.cases, sample.today, unfiltered=unfiltered)


def healthy(sample: Any, *operations: str) -> Any:
    return sample.verdict("chat.schema", Outcome.CONFORMS, judged={("contract.event", one): 9 for one in operations})


def test_a_listed_cause_is_known(sample: Any) -> None:
    judgement = judged(sample, entry(sample))
    assert (judgement.listed_causes, judgement.problems) == ({STREAMED}, ())
    document = sample.document(sample.caused[:1], Baseline("b.toml", (entry(sample),)))
    assert red_causes(document) == []
    assert document["summary"]["causes"] == {"deviates": 0, "advisory": 0, "listed": 1}
    assert document["causes"][0]["baseline"] == "listed"
    assert headline(document) == "relay holds: 1 requirement kept, 1 known deviation"


def test_another_complaint_of_the_same_check_is_not_listed(sample: Any) -> None:
    assert judged(sample, entry(sample, complaint="id is missing"), unfiltered=False).listed_causes == frozenset()
    other = sample.verdict("chat.schema", Outcome.CONFORMS, occurrences=(sample.occurrence(cause="id is missing"),))
    document = sample.document((other,), Baseline("b.toml", (entry(sample),)))
    assert [cause["cause"] for cause in red_causes(document)] == ["id is missing"]


def test_an_entry_for_an_operation_covers_no_other(sample: Any) -> None:
    streamed, whole = entry(sample, operation="chat.stream"), entry(sample, operation="chat")
    assert judged(sample, streamed).listed_causes == frozenset()
    assert judged(sample, streamed, whole).listed_causes == {STREAMED}
    assert judged(sample, streamed, whole).problems == ()


def test_an_entry_is_stale_once_its_operation_was_judged(sample: Any) -> None:
    (problem,) = judged(sample, entry(sample), verdicts=[healthy(sample, "chat.stream")]).problems
    assert problem == f'b.toml: "{sample.complaint}" of contract.event is listed, and was not met: remove it.'
    streamed = entry(sample, operation="chat.stream")
    (problem,) = judged(sample, streamed, verdicts=[healthy(sample, "chat.stream")]).problems
    assert "of contract.event on chat.stream is listed" in problem


def test_an_entry_is_stale_though_another_cause_there_is_met(sample: Any) -> None:
    (problem,) = judged(sample, entry(sample), entry(sample, complaint="gone")).problems
    assert problem == 'b.toml: "gone" of contract.event is listed, and was not met: remove it.'


def test_an_entry_covers_its_own_provider_alone(sample: Any) -> None:
    places = ("chat", "chat@anthropic", "chat@gemini", "chat@ollama")
    assert [place for place in places if entry(sample, provider="gemini").covers(place)] == ["chat@gemini"]
    assert [place for place in places if entry(sample).covers(place)] == ["chat"]


def test_an_entry_is_not_stale_where_nothing_was_judged(sample: Any) -> None:
    streamed = entry(sample, operation="chat.stream")
    assert judged(sample, streamed, verdicts=[healthy(sample, "responses.stream")]).problems == ()
    assert judged(sample, streamed, entry(sample, operation="x"), verdicts=[healthy(sample)]).problems == ()


def test_a_part_of_the_cases_makes_no_entry_stale(sample: Any) -> None:
    assert judged(sample, entry(sample), verdicts=[healthy(sample, "chat.stream")], unfiltered=False).problems == ()


def test_what_is_intermittent_is_never_stale(sample: Any) -> None:
    sometimes = entry(sample, intermittent=True)
    assert judged(sample, sometimes, verdicts=[healthy(sample, "chat.stream")]).problems == ()
    assert judged(sample, sometimes).listed_causes == {STREAMED}


@pytest.mark.parametrize("reason", [NO_REASON, "TODO", " tbd ", "Known"])
def test_a_reason_that_says_nothing_is_a_problem(sample: Any, reason: str) -> None:
    (problem,) = judged(sample, entry(sample, reason=reason)).problems
    assert f'the entry for "{sample.complaint}" gives no reason ("{reason}")' in problem


def test_a_check_that_nothing_is_held_to_is_a_problem(sample: Any) -> None:
    (problem,) = judged(sample, entry(sample), entry(sample, check="contract.evnt")).problems
    assert 'there is no check "contract.evnt" on every exchange' in problem


def test_a_listed_cause_covers_the_cases_it_kept_from_asking(sample: Any) -> None:
    refused = Deviation(check="acceptance", complaint="status 400, tools", reason="no tools before 2.0")
    document = sample.document(sample.caused[1:2], Baseline("b.toml", (refused,)))
    assert (red_causes(document), document["baseline"]["problems"]) == ([], [])
    assert document["summary"]["exit"] == 0


def test_a_written_baseline_has_the_causes_and_reads_back(sample: Any, tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    made = updated(sample.caused, sample.cases, Baseline(str(path)), strict=False, unfiltered=True)
    assert [(one.check, one.complaint, one.reason) for one in made] == [
        ("acceptance", "status 400, tools", NO_REASON),
        ("contract.event", sample.complaint, NO_REASON),
    ]
    path.write_text(baseline_text(replace(one, reason=REASON, intermittent=True) for one in made), encoding="utf-8")
    read = load_baseline(path)
    assert [replace(one, reason=NO_REASON, intermittent=False) for one in read.deviations] == list(made)
    assert sample.document(sample.caused, read)["summary"]["exit"] == 0


def test_rewriting_keeps_reasons_and_drops_what_was_not_met(sample: Any) -> None:
    previous = Baseline(
        "b.toml",
        (
            entry(sample, issue="#7"),
            entry(sample, complaint="gone"),
            entry(sample, complaint="now and then", intermittent=True),
        ),
    )

    def written(**how: bool) -> list[tuple[str, str]]:
        kept = updated(sample.caused[:1], sample.cases, previous, strict=False, **how)
        return [(one.complaint, one.issue) for one in kept]

    assert written(unfiltered=True) == [(sample.complaint, "#7"), ("now and then", "")]
    assert written(unfiltered=False) == [(sample.complaint, "#7"), ("gone", ""), ("now and then", "")]
    assert written() == written(unfiltered=False)
