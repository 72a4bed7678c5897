"""A known defect is one red cause: cases that are about something else compare without it, and see other faults."""

from __future__ import annotations

import pytest

from hopcheck import Events, Relay, edits, event_of
from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.invariants.known_defects import KNOWN_DEFECTS, without_known_defects
from hopcheck.engine.verdict import Masked, Occurrence, Outcome, Verdict
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.literal_checks import literal_checks
from hopcheck.report.causes import causes_of

NO_DONE, NO_FINISH = KNOWN_DEFECTS
ENDED = {"text": "Hello", "finish": "stop", "done": True}


class NeverSendsDone(Relay):
    """No stream ends with `[DONE]`."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if event.data != "[DONE]":
                yield event


class NeverSaysWhy(Relay):
    """No stream has a finish reason."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            chunk = edits.chunk_of(event) or {}
            for choice in chunk.get("choices") or []:
                choice["finish_reason"] = None
            yield event_of(chunk) if chunk else event


DEFECTIVE = {
    NO_DONE: (NeverSendsDone, {"stream.done-once", "fallback.stream-pre-first"}),
    NO_FINISH: (
        NeverSaysWhy,
        {"stream.finish-once", "stream.finish-matches", "stream.n-choices", "fallback.stream-pre-first"},
    ),
}
"""The relays, and the cases that are about the defect."""


COMPARING = ("stream.comments", "stream.delta-empty", "stream.obfuscation", "stream.line-endings")
"""Cases that compare whole streams, and are about something else."""


@pytest.mark.parametrize("defect", DEFECTIVE)
def test_a_defect_is_one_cause_and_no_red_case(bench, defect: str) -> None:
    relay, about = DEFECTIVE[defect]
    cases = [case for case in all_cases().values() if case.id in {*COMPARING, *about}]
    verdicts = bench.judge(cases, relay)
    assert [cause.key for cause in causes_of(verdicts.values())] == [defect]
    failing = {one.case_id: one.untestable_by for one in verdicts.values() if one.outcome is not Outcome.CONFORMS}
    assert failing == dict.fromkeys(about, defect)
    masked = {one.case_id: {mask.cause for mask in one.masked} for one in verdicts.values() if one.masked}
    assert masked == {case_id: {defect} for case_id in COMPARING}


def judged(*findings: Finding, case_id: str = "stream.comments", causes: tuple[str, ...] = (NO_FINISH,)) -> Verdict:
    occurrences = tuple(Occurrence(*key.split(": ", 1), "in full", Level.MUST, "chat.stream", 0) for key in causes)
    verdict = Verdict(case_id, Outcome.DEVIATES, findings=findings, occurrences=occurrences)
    return without_known_defects(verdict, Level.MUST)


def seen(**fields: object) -> Finding:
    return Finding("answer", False, ENDED, {**ENDED, **fields})


def test_what_is_compared_without_a_defect_is_named() -> None:
    verdict = judged(seen(finish=None))
    assert (verdict.outcome, verdict.masked, verdict.failed) == (Outcome.CONFORMS, (Masked(NO_FINISH, "answer"),), ())


def test_both_defects_at_once_are_set_aside() -> None:
    verdict = judged(seen(finish=None, done=False), causes=(NO_DONE, NO_FINISH))
    assert {one.cause for one in verdict.masked} == {NO_DONE, NO_FINISH}


@pytest.mark.parametrize(
    "finding",
    [
        seen(finish=None, text="Hullo"),
        seen(finish="length"),
        seen(finish=None, done=False),
        Finding("answer", False, ENDED, None),
        Finding("answer", False, 1, 0),
        Finding("one [DONE]", False, 1, 0),
    ],
)
def test_other_faults_are_seen_all_the_same(finding: Finding) -> None:
    verdict = judged(finding)
    assert (verdict.outcome, verdict.masked, verdict.failed) == (Outcome.DEVIATES, (), (finding,))


def test_nothing_is_masked_where_the_defect_is_not_seen() -> None:
    assert judged(seen(finish=None), causes=()).outcome is Outcome.DEVIATES


def test_a_case_about_a_defect_is_untestable_by_it_alone() -> None:
    about = Finding("one [DONE]", False, 1, 0)
    verdict = judged(about, case_id="stream.done-once", causes=(NO_DONE,))
    assert (verdict.outcome, verdict.untestable_by) == (Outcome.UNTESTABLE, NO_DONE)
    other = Finding("the answer's end", False, "complete", "cut")
    assert judged(about, other, case_id="stream.done-once", causes=(NO_DONE,)).outcome is Outcome.DEVIATES


def test_a_cause_that_says_the_same_of_an_exchange_is_left_out() -> None:
    (same_cause,) = KNOWN_DEFECTS[NO_FINISH].same_causes
    verdict = judged(seen(finish=None), causes=(NO_FINISH, same_cause))
    assert [one.key for one in verdict.occurrences] == [NO_FINISH]


def test_the_listed_checks_exist() -> None:
    cases = all_cases()
    listed = {pair for defect in KNOWN_DEFECTS.values() for pair in defect.checks}
    assert {(case_id, check) for case_id, check in listed if check not in literal_checks(cases[case_id])} == set()
