"""The replay against itself: whether tapes notice what a live LiteLLM behind the proxy would let notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hopcheck.proving.weighing import happened, notices
from hopcheck.reach import touches
from hopcheck.registry import Case, Counterexample
from hopcheck.replay.per_read import ParsesEachRead
from hopcheck.replay.trial import Trial, attempt
from hopcheck.tapes import Tape
from hopcheck.workers import cancel, following
from hopcheck_contracts.findings import Outcome
from hopcheck_server.relay import Relay

Came = Literal["noticed", "live-only", "no difference", "missed", "minded"]
"""Noticed; not to be judged from tapes; client and provider saw what they see of the healthy relay; behaved otherwise,
unnoticed; the healthy relay was found wanting."""

CHUNKING = "replay.chunking"

HEALTHY = "the healthy relay"


@dataclass(frozen=True)
class Result:
    """What came of one counterexample, or of the healthy relay, on one case.

    Attributes:
        case_id: The case.
        relay: The relay's name.
        came: What came of it.
        how: By which finding it was noticed, or what happened instead.
    """

    case_id: str
    relay: str
    came: Came
    how: str


async def prove(
    cases: Sequence[Case], tapes: Mapping[str, Tape], excluded: Mapping[str, str], jobs: int
) -> AsyncIterator[Result]:
    """Run every case's counterexamples on its tape, and the healthy relay beside them."""
    queue: asyncio.Queue[list[Result]] = asyncio.Queue()
    pending = sorted(cases, key=lambda case: "heavy" in case.needs)

    async def work() -> None:
        while pending:
            case = pending.pop()
            reason = excluded.get(case.id)
            queue.put_nowait(_live_only(case, reason) if reason else await _of_case(case, tapes))

    workers = [asyncio.create_task(work()) for _ in range(jobs)]
    try:
        for _ in cases:
            for result in await following(queue, workers):
                yield result
    finally:
        await cancel(workers)


def _live_only(case: Case, reason: str) -> list[Result]:
    return [Result(case.id, example.name, "live-only", reason) for example in case.counterexamples]


async def _of_case(case: Case, tapes: Mapping[str, Tape]) -> list[Result]:
    healthy = await attempt(case, Relay, tapes, chunking=True)
    results = [_of_healthy(case, healthy, tapes)]
    alike = await attempt(case, Relay, tapes)
    results += [await _of_example(case, example, tapes, healthy, alike) for example in case.counterexamples]
    if _was_chunked(healthy):
        results.append(_of_chunking(case, await attempt(case, ParsesEachRead, tapes, chunking=True)))
    return results


async def _of_example(
    case: Case, example: Counterexample, tapes: Mapping[str, Tape], chunked: Trial, alike: Trial
) -> Result:
    """Try it as recorded; where that makes no difference, under each chunking, too."""
    if not touches(example.relay, case, {case.id: alike.reached}):
        return Result(case.id, example.name, "no difference", "nothing of what it has of its own is ever run")
    result = _weigh(case, example, await attempt(case, example.relay, tapes), alike)
    if result.came != "no difference" or not _was_chunked(chunked):
        return result
    again = _weigh(case, example, await attempt(case, example.relay, tapes, chunking=True), chunked)
    return again if again.how == CHUNKING else result


def _was_chunked(trial: Trial) -> bool:
    return any(finding.check == CHUNKING for finding in trial.verdict.findings)


def _of_healthy(case: Case, healthy: Trial, tapes: Mapping[str, Tape]) -> Result:
    judged = tapes[case.id].judged
    known = {check for check, held in judged.findings.items() if not held} if judged else set()
    well = healthy.verdict.outcome in (Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES, Outcome.NOT_APPLICABLE)
    if well and {finding.check for finding in healthy.verdict.failed} <= known:
        return Result(case.id, HEALTHY, "no difference", "as when it was recorded")
    return Result(case.id, HEALTHY, "minded", happened(healthy.verdict))


def _of_chunking(case: Case, trial: Trial) -> Result:
    failed = [finding.check for finding in trial.verdict.failed]
    came: Came = "noticed" if CHUNKING in failed else "missed"
    return Result(case.id, ParsesEachRead.__name__, came, CHUNKING if came == "noticed" else happened(trial.verdict))


def _weigh(case: Case, example: Counterexample, trial: Trial, healthy: Trial) -> Result:
    verdict, where = trial.verdict, (case.id, example.name)
    if verdict.outcome is Outcome.NOT_APPLICABLE:
        return Result(*where, "live-only", verdict.reason)
    if notices(verdict, example.breaks):
        return Result(*where, "noticed", example.breaks)
    known = {finding.check for finding in healthy.verdict.failed}
    failed = [finding.check for finding in verdict.failed if finding.check not in known]
    if failed and verdict.outcome in (Outcome.DEVIATES, Outcome.ADVISORY):
        return Result(*where, "noticed", failed[0])
    if trial.same_as(healthy) and not case.needs & {"timing", "logs"}:  # those look at something else, too
        return Result(*where, "no difference", "it told its client and asked LiteLLM the same")
    if verdict.outcome is healthy.verdict.outcome and trial.stays_short_of_provider(healthy):
        return Result(*where, "no difference", "LiteLLM answers it without a provider")
    return Result(*where, "missed", happened(verdict))
