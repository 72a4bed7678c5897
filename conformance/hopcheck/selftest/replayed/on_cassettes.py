"""The self-test of the replay: whether cassettes kill the mutants that a live LiteLLM behind the proxy would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from hopcheck.authoring.case import Case
from hopcheck.authoring.mutants import Mutant
from hopcheck.cassettes import Cassette
from hopcheck.engine.scheduler import ChainPool, run_pools
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.replay.findings import CHUNKING
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.selftest.reach import overridden, together, touches
from hopcheck.selftest.replayed.chunk_parser_mutant import ParsesEachRead
from hopcheck.selftest.replayed.trials import Trial, on_cassette, on_script
from hopcheck.selftest.scoring import kills, summary_of
from hopcheck_server.relay import Relay

Status = Literal["killed", "live-only", "LiteLLM", "survived", "false positive", "as recorded"]
"""A mutant is killed, needs a live LiteLLM, is wrong only in work that LiteLLM does for it (see `_litellms_work`),
or survives. The healthy relay has a false positive, or does as recorded."""

HEALTHY = "the healthy relay"

LITELLMS_METHODS = frozenset({"retry", "fall_back", "limit", "limited", "release"})
"""The relay's methods whose work LiteLLM does; here they do nothing that could take time."""


@dataclass(frozen=True)
class CassetteResult:
    """The result of one mutant, or of the healthy relay, on one case.

    Attributes:
        case: The case's key.
        relay: The relay's name.
        status: The result.
        detail: The check that killed it, or a summary of the verdict.
    """

    case: str
    relay: str
    status: Status
    detail: str


async def run_on_cassettes(
    cases: Sequence[Case], cassettes: Mapping[str, Cassette], excluded: Mapping[str, str], jobs: int
) -> AsyncIterator[CassetteResult]:
    """Run every case's mutants on its cassette, and the healthy relay as well."""
    floods_first = sorted(cases, key=lambda case: not case.floods)

    async def results_of(case: Case) -> list[CassetteResult]:
        reason = excluded.get(case.key)
        return _live_only(case, reason) if reason else await _results_of(case, cassettes)

    async with aclosing(run_pools([ChainPool([[case] for case in floods_first], jobs)], results_of)) as found:
        async for results in found:
            for result in results:
                yield result


def _wrong_here(case: Case) -> list[Mutant]:
    """The mutants of a case that are wrong on the operation that it is run on."""
    return [mutant for mutant in case.mutants if mutant.is_wrong_on(case.operation)]


def _live_only(case: Case, reason: str) -> list[CassetteResult]:
    return [CassetteResult(case.key, mutant.name, "live-only", reason) for mutant in _wrong_here(case)]


async def _results_of(case: Case, cassettes: Mapping[str, Cassette]) -> list[CassetteResult]:
    healthy = HealthyTrials(
        await on_cassette(case, Relay, cassettes),
        await on_cassette(case, Relay, cassettes, more=True),
        await on_script(case, Relay),
    )
    results = [_result_of_healthy(case, healthy.asked_more, cassettes)]
    results += [await _result_of_mutant(case, mutant, cassettes, healthy) for mutant in _wrong_here(case)]
    if any(finding.check == CHUNKING for finding in healthy.asked_more.verdict.findings):
        trial = await on_cassette(case, ParsesEachRead, cassettes, more=True)
        results.append(_result_of_chunking(case, trial, healthy.asked_more))
    return results


@dataclass(frozen=True)
class HealthyTrials:
    """The healthy relay's trials of a case.

    Attributes:
        as_recorded: On the cassette.
        asked_more: The same, asked for more than the cassette holds.
        on_script: In front of the case's script.
    """

    as_recorded: Trial
    asked_more: Trial
    on_script: Trial


async def _result_of_mutant(
    case: Case, mutant: Mutant, cassettes: Mapping[str, Cassette], healthy: HealthyTrials
) -> CassetteResult:
    """Try it as recorded; then by asking for more than was recorded; what then survives must be LiteLLM's work."""
    trial = await on_cassette(case, mutant.relay, cassettes)
    result = _result_of_trial(case, mutant, trial, healthy.as_recorded)
    if result.status == "survived":
        more = await on_cassette(case, mutant.relay, cassettes, more=True)
        result = _result_of_trial(case, mutant, more, healthy.asked_more)
    if result.status == "survived" and (why := await _litellms_work(case, mutant.relay, trial, healthy)):
        return replace(result, status="LiteLLM", detail=why)
    return result


async def _litellms_work(case: Case, relay: type[Relay], trial: Trial, healthy: HealthyTrials) -> str:
    """Why a relay is wrong only in what LiteLLM does in its place (retries, fallbacks, limits, names); "" if it isn't.

    The matrix kills it in front of a script, on a relay that does these by itself. If the same script makes no
    difference to it on a relay that leaves them to LiteLLM, it is these that it gets wrong.
    """
    alike = trial.verdict.outcome is healthy.as_recorded.verdict.outcome
    if alike and not case.scripted and trial.stays_short_of_provider(healthy.as_recorded):
        return "LiteLLM answers its additional requests without a provider"
    if not _ran(case, healthy.on_script) or not trial.same_as(healthy.as_recorded):
        return ""
    if not touches(relay, together(healthy.as_recorded.reached, healthy.on_script.reached)):
        return "none of its own methods is ever run"
    unseen = (case.reads_clock or "logs" in case.needs) and not overridden(relay) <= LITELLMS_METHODS
    if unseen or not (await on_script(case, relay)).same_as(healthy.on_script):
        return ""
    return "on its cassette and in front of its script, it sends the same as the healthy relay"


def _ran(case: Case, trial: Trial) -> bool:
    """Whether a case was asked; of one about a limit that nobody enforces, as far as it can be."""
    unlimited = case.uses_a_limit and trial.verdict.outcome is Outcome.UNTESTABLE
    return unlimited or trial.verdict.outcome not in (Outcome.UNTESTABLE, Outcome.BROKEN, Outcome.NOT_APPLICABLE)


def what_failed(verdict: Verdict) -> set[str]:
    """The names of failing findings, and the keys of causes."""
    return {finding.check for finding in verdict.failed} | {one.key for one in verdict.occurrences}


def _result_of_healthy(case: Case, healthy: Trial, cassettes: Mapping[str, Cassette]) -> CassetteResult:
    judged = cassettes[cassette_of_case(case)].verdict
    known = {check for check, held in judged.findings.items() if not held} if judged else set()
    known |= set(judged.causes) if judged else set()
    well = healthy.verdict.outcome in (Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES, Outcome.NOT_APPLICABLE)
    if well and what_failed(healthy.verdict) <= known:
        return CassetteResult(case.key, HEALTHY, "as recorded", "")
    return CassetteResult(case.key, HEALTHY, "false positive", summary_of(healthy.verdict))


def _result_of_chunking(case: Case, trial: Trial, healthy: Trial) -> CassetteResult:
    """Killed by any check: the recorded chunks, too, may reach it in pieces, and then the case itself sees them."""
    where = (case.key, ParsesEachRead.__name__)
    failed = [finding.check for finding in trial.verdict.failed if finding.check not in what_failed(healthy.verdict)]
    if failed:
        return CassetteResult(*where, "killed", CHUNKING if CHUNKING in failed else failed[0])
    return CassetteResult(*where, "survived", summary_of(trial.verdict))


def _result_of_trial(case: Case, mutant: Mutant, trial: Trial, healthy: Trial) -> CassetteResult:
    verdict, where = trial.verdict, (case.key, mutant.name)
    if verdict.outcome is Outcome.NOT_APPLICABLE:
        return CassetteResult(*where, "live-only", verdict.reason)
    if kills(verdict, mutant.killed_by, mutant.also):
        return CassetteResult(*where, "killed", mutant.killed_by)
    known = what_failed(healthy.verdict)
    failed = [finding.check for finding in verdict.failed if finding.check not in known]
    if failed and verdict.outcome in (Outcome.DEVIATES, Outcome.ADVISORY):
        return CassetteResult(*where, "killed", failed[0])
    met = [one.check for one in verdict.occurrences if one.key not in known]
    if met:
        return CassetteResult(*where, "killed", met[0])
    return CassetteResult(*where, "survived", summary_of(verdict))
