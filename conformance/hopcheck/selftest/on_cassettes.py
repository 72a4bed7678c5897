"""The replay against itself: whether cassettes notice what a live LiteLLM behind the proxy would let notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hopcheck.authoring.findings import Outcome
from hopcheck.authoring.registry import Case, Mutant
from hopcheck.cassettes import Cassette
from hopcheck.replay.findings import CHUNKING
from hopcheck.selftest.chunk_parser_mutant import ParsesEachRead
from hopcheck.selftest.reach import overridden, touches
from hopcheck.selftest.scoring import happened, notices
from hopcheck.selftest.trials import Trial, in_seat, on_cassette
from hopcheck_server.relay import Relay
from hopcheck_server.wire.tasks import cancel, following

Came = Literal["noticed", "live-only", "LiteLLM", "missed", "minded", "as recorded"]
"""Of a mutant: noticed; not to be judged from cassettes; wrong in what LiteLLM does in its place (see `_litellms`);
wrong, and unnoticed. Of the healthy relay: found wanting, or as the cassette says."""

HEALTHY = "the healthy relay"

LITELLMS_METHODS = frozenset({"retry", "fall_back", "limit", "limited", "release"})
"""Of the relay's methods, those whose work LiteLLM does; here they do nothing that could take time."""


@dataclass(frozen=True)
class Result:
    """What came of one mutant, or of the healthy relay, on one case.

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
    cases: Sequence[Case], cassettes: Mapping[str, Cassette], excluded: Mapping[str, str], jobs: int
) -> AsyncIterator[Result]:
    """Run every case's mutants on its cassette, and the healthy relay beside them."""
    queue: asyncio.Queue[list[Result]] = asyncio.Queue()
    pending = sorted(cases, key=lambda case: "heavy" in case.needs)

    async def work() -> None:
        while pending:
            case = pending.pop()
            reason = excluded.get(case.id)
            queue.put_nowait(_live_only(case, reason) if reason else await _of_case(case, cassettes))

    workers = [asyncio.create_task(work()) for _ in range(jobs)]
    try:
        for _ in cases:
            for result in await following(queue, workers):
                yield result
    finally:
        await cancel(workers)


def _live_only(case: Case, reason: str) -> list[Result]:
    return [Result(case.id, example.name, "live-only", reason) for example in case.mutants]


async def _of_case(case: Case, cassettes: Mapping[str, Cassette]) -> list[Result]:
    healthy = Healthy(
        await on_cassette(case, Relay, cassettes),
        await on_cassette(case, Relay, cassettes, more=True),
        await in_seat(case, Relay),
    )
    results = [_of_healthy(case, healthy.asked_more, cassettes)]
    results += [await _of_example(case, example, cassettes, healthy) for example in case.mutants]
    if _was_chunked(healthy.asked_more):
        results.append(_of_chunking(case, await on_cassette(case, ParsesEachRead, cassettes, more=True)))
    return results


@dataclass(frozen=True)
class Healthy:
    """The healthy relay's trials of a case.

    Attributes:
        as_recorded: On the cassette.
        asked_more: The same, asked for more than the cassette holds.
        in_seat: With the case's script in LiteLLM's seat.
    """

    as_recorded: Trial
    asked_more: Trial
    in_seat: Trial


async def _of_example(case: Case, example: Mutant, cassettes: Mapping[str, Cassette], healthy: Healthy) -> Result:
    """Try it as recorded; then by asking for more than was recorded; what remains must be LiteLLM's work."""
    trial = await on_cassette(case, example.relay, cassettes)
    result = _weigh(case, example, trial, healthy.as_recorded)
    if result.came == "missed":
        more = await on_cassette(case, example.relay, cassettes, more=True)
        result = _weigh(case, example, more, healthy.asked_more)
    if result.came == "missed" and (why := await _litellms(case, example.relay, trial, healthy)):
        return replace(result, came="LiteLLM", how=why)
    return result


async def _litellms(case: Case, relay: type[Relay], trial: Trial, healthy: Healthy) -> str:
    """Why a relay is wrong only in what LiteLLM does in its place: retries, fallbacks, limits, names; "" if it isn't.

    `selftest` has it noticed in front of a script, on a relay that does these by itself. If the same script makes no
    difference to it on a relay that leaves them to LiteLLM, it is these that it gets wrong.
    """
    alike = trial.verdict.outcome is healthy.as_recorded.verdict.outcome
    if alike and not case.scripted and trial.stays_short_of_provider(healthy.as_recorded):
        return "what it asks beyond the healthy relay, LiteLLM answers without a provider"
    if not _ran(healthy.in_seat) or not trial.same_as(healthy.as_recorded):
        return ""
    if not touches(relay, case, {case.id: healthy.as_recorded.reached | healthy.in_seat.reached}):
        return "nothing of what it has of its own is ever run"
    unseen = case.needs & {"timing", "logs"} and not overridden(relay) <= LITELLMS_METHODS
    if unseen or not (await in_seat(case, relay)).same_as(healthy.in_seat):
        return ""
    return "on its cassette and in front of its script, it tells and asks the same as the healthy relay"


def _ran(trial: Trial) -> bool:
    return trial.verdict.outcome not in (Outcome.UNTESTABLE, Outcome.BROKEN, Outcome.NOT_APPLICABLE)


def _was_chunked(trial: Trial) -> bool:
    return any(finding.check == CHUNKING for finding in trial.verdict.findings)


def _of_healthy(case: Case, healthy: Trial, cassettes: Mapping[str, Cassette]) -> Result:
    judged = cassettes[case.id].judged
    known = {check for check, held in judged.findings.items() if not held} if judged else set()
    well = healthy.verdict.outcome in (Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES, Outcome.NOT_APPLICABLE)
    if well and {finding.check for finding in healthy.verdict.failed} <= known:
        return Result(case.id, HEALTHY, "as recorded", "")
    return Result(case.id, HEALTHY, "minded", happened(healthy.verdict))


def _of_chunking(case: Case, trial: Trial) -> Result:
    failed = [finding.check for finding in trial.verdict.failed]
    came: Came = "noticed" if CHUNKING in failed else "missed"
    return Result(case.id, ParsesEachRead.__name__, came, CHUNKING if came == "noticed" else happened(trial.verdict))


def _weigh(case: Case, example: Mutant, trial: Trial, healthy: Trial) -> Result:
    verdict, where = trial.verdict, (case.id, example.name)
    if verdict.outcome is Outcome.NOT_APPLICABLE:
        return Result(*where, "live-only", verdict.reason)
    if notices(verdict, example.killed_by):
        return Result(*where, "noticed", example.killed_by)
    known = {finding.check for finding in healthy.verdict.failed}
    failed = [finding.check for finding in verdict.failed if finding.check not in known]
    if failed and verdict.outcome in (Outcome.DEVIATES, Outcome.ADVISORY):
        return Result(*where, "noticed", failed[0])
    return Result(*where, "missed", happened(verdict))
