"""Runs cases against a target. Knows no files, no printing and no test framework.

A target's misbehaviour is a finding and never an exception; findings made before a crash are kept.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from hopcheck.authoring.findings import Finding, Outcome, Verdict, outcome_of
from hopcheck.authoring.registry import WAYS, Case
from hopcheck.client import RECOVERY_S, Target, Untestable, describe
from hopcheck.client.config import DECLARABLE, TargetConfig
from hopcheck.engine.scheduler import Lanes, plan
from hopcheck.engine.wire_contracts import Seen, contract_findings
from hopcheck.engine.wire_log import reproduce, wire_log
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.wire.tasks import cancel, following

DEFAULT_READ_TIMEOUT_S = 30.0
"""How long a target may be silent before its answer counts as hung."""


@dataclass(frozen=True)
class RunContext:
    """What cases are run against.

    Attributes:
        config: The target.
        control: The upstream behind it; None where there is none of ours.
        read_timeout_s: How long silence is borne, in seconds.
        recovery_s: How long the target may take to come out of a cooldown, in seconds.
        nonces: Makes each case's nonces; None makes random ones.
        ways: Ways of running that this run offers.
        flood: Which part of their full number of requests flooding cases send.
        wire_log: Whether verdicts hold what crossed the wire.
        contracts: Whether what crossed the wire is held against the contracts.
        shared: What the cases of a run have in common: one burst over a rate limit, say.
        excluded: Cases that this run can't judge, and why.
        beside: What this run finds of a case beside its own findings, once it has asked.
    """

    config: TargetConfig
    control: Control | None
    read_timeout_s: float = DEFAULT_READ_TIMEOUT_S
    recovery_s: float = RECOVERY_S
    nonces: Callable[[], Iterator[str]] | None = None
    ways: frozenset[str] = WAYS
    flood: float = 1.0
    wire_log: bool = True
    contracts: bool = True
    shared: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    beside: Callable[[Case, Target], AsyncIterator[Finding]] | None = None

    def target(self, case: Case) -> Target:
        """The target, bound to a case."""
        return Target(
            self.config,
            self.control,
            case_id=case.id,
            operation=case.operation,
            nonces=self.nonces() if self.nonces else None,
            read_timeout_s=self.read_timeout_s,
            recovery_s=self.recovery_s,
            expects_limits=bool(case.needs & {"rate_limit", "concurrency_limit"}),
            shared=self.shared,
            flood=self.flood,
        )


def missing(case: Case, setting: RunContext) -> str:
    """Why a case does not apply: what it needs and the target does not declare, or this run does not offer; else ""."""
    declares = setting.config.declares
    undeclared = sorted(need for need in case.needs & DECLARABLE if not declares.has(need))
    if undeclared:
        return f"the target does not declare {', '.join(f'`{need}`' for need in undeclared)}"
    lacking = sorted(case.needs - DECLARABLE - setting.ways)
    if lacking:
        return f"this run is not {', '.join(lacking).replace('_', '-')}"
    return setting.excluded.get(case.id, "")


async def run_case(case: Case, setting: RunContext, *, settle: bool = False) -> Verdict:
    """Run one case; with `settle`, once the target answers a healthy request.

    Returns:
        Its verdict. Only cancellation is raised.
    """
    reason = missing(case, setting)
    if reason:
        return Verdict(case.id, Outcome.NOT_APPLICABLE, reason)
    target = setting.target(case)
    begun_ns = time.monotonic_ns()
    findings: list[Finding] = []
    outcome, reason = await _judged(_findings(case, target, findings, settle=settle))
    if outcome is not Outcome.BROKEN and setting.beside is not None:
        told = outcome, reason
        outcome, reason = await _judged(_beside(case, setting.beside(case, target), findings, told))
    if outcome is Outcome.CONFORMS:
        outcome, reason = await _judged(_weigh(case, target, setting.control, findings))
    verdict = Verdict(
        case.id,
        outcome,
        reason,
        tuple(findings),
        duration_s=(time.monotonic_ns() - begun_ns) / 1e9,
        reproduce=reproduce(target.answers, setting.config.api_key),
        notes=tuple(target.notes),
    )
    try:
        return await _recorded(case, verdict, target, setting, begun_ns)
    except Exception:  # the upstream can't be asked any more
        return replace(verdict, outcome=Outcome.BROKEN, reason=_trace())


async def _findings(case: Case, target: Target, findings: list[Finding], *, settle: bool) -> tuple[Outcome, str]:
    if settle and not await target.recovered():
        raise Untestable("the target did not get over its cooldown")
    async for finding in case.function(target):
        findings.append(finding)  # noqa: PERF401 - a crash must not lose those made before it
    return Outcome.CONFORMS, ""


async def _beside(
    case: Case, found: AsyncIterator[Finding], findings: list[Finding], told: tuple[Outcome, str]
) -> tuple[Outcome, str]:
    """Add what the run found. Where that fails it decides, also where the case's own question could not be put."""
    made = len(findings)
    async for finding in found:
        findings.append(finding)  # noqa: PERF401 - as in `_findings`
    fails = any(not finding.ok for finding in findings[made:])
    return (outcome_of(findings, case.level), told[1]) if fails else told


async def _judged(work: Coroutine[Any, Any, tuple[Outcome, str]]) -> tuple[Outcome, str]:
    """What work comes to; what it raises is an outcome, too."""
    try:
        return await work
    except Untestable as untestable:
        return Outcome.UNTESTABLE, str(untestable)
    except Exception:
        return Outcome.BROKEN, _trace()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return Outcome.BROKEN, _trace()  # nobody stops the run: the case cancelled something that it then awaited


def _trace() -> str:
    return traceback.format_exc(limit=-4)


async def _weigh(case: Case, target: Target, control: Control | None, findings: list[Finding]) -> tuple[Outcome, str]:
    outcome = outcome_of(findings, case.level)
    if outcome is Outcome.BROKEN:
        return outcome, "the case made no finding"
    if outcome is Outcome.CONFORMS or control is None or not case.scripted:
        return outcome, ""
    asked = [answer for answer in target.answers if answer.marker]
    for answer in asked:
        if await control.attempts(answer.marker):
            return outcome, ""
    if not asked:
        return outcome, ""
    said = describe(asked[0])
    return Outcome.UNTESTABLE, f"no request of this case reached the upstream; the target answered {said}"


async def _recorded(case: Case, verdict: Verdict, target: Target, setting: RunContext, begun_ns: int) -> Verdict:
    """Let go of what the upstream left hanging, hold what crossed the wire against the contracts, and forget it."""
    attempts = await _let_go(target, setting.control)
    contract = await _contract(case, target, attempts, setting) if setting.contracts else []
    exchanges = wire_log(target.answers, attempts, begun_ns) if setting.wire_log else []
    verdict = replace(verdict, findings=(*verdict.findings, *contract), exchanges=tuple(exchanges))
    breaks = any(not finding.ok for finding in contract)
    judged = verdict.outcome in (Outcome.CONFORMS, Outcome.ADVISORY)
    return replace(verdict, outcome=Outcome.DEVIATES) if breaks and judged else verdict


async def _contract(case: Case, target: Target, attempts: list[Attempt], setting: RunContext) -> list[Finding]:
    scripts, is_llm_proxy = case.upstream_scripts(), setting.config.declares.llm_proxy
    return await contract_findings(Seen(target.answers, attempts, scripts, target.base_path, is_llm_proxy=is_llm_proxy))


async def _let_go(target: Target, control: Control | None) -> list[Attempt]:
    """End the case at the upstream.

    Returns:
        The attempts that it made.
    """
    if control is None:
        return []
    attempts = []
    for marker in dict.fromkeys(answer.marker for answer in target.answers if answer.marker):
        await control.release(marker)
        attempts += await control.attempts(marker)
        await control.forget(marker)
    return attempts


async def run(
    cases: Iterable[Case], setting: RunContext, *, jobs: int = 8, begun: Callable[[Case], None] | None = None
) -> AsyncGenerator[Verdict, None]:
    """Run cases, and yield each verdict as it is made.

    Cases that don't disturb one another run at once; those that use up a limit run one after another beside them;
    those that read the clock or flood have nothing beside them; those that make a proxy rest its provider come last.

    Args:
        cases: Which ones.
        setting: Against what.
        jobs: How many at once.
        begun: Told when a case begins.
    """
    try:
        for lanes in plan(cases):
            async with aclosing(_run_lanes(lanes, setting, jobs, begun)) as verdicts:
                async for verdict in verdicts:
                    yield verdict
    finally:
        await cancel(setting.shared.values())


async def _run_lanes(
    lanes: Lanes, setting: RunContext, jobs: int, begun: Callable[[Case], None] | None
) -> AsyncGenerator[Verdict, None]:
    """Run one phase: its lanes beside each other, at most `jobs` cases of the shared lane at once."""
    queue: asyncio.Queue[Verdict] = asyncio.Queue()

    async def work(pending: list[Case]) -> None:
        while pending:
            case = pending.pop(0)
            if begun:
                begun(case)
            queue.put_nowait(await run_case(case, setting, settle=lanes.settles))

    shared = list(lanes.shared)
    workers = [asyncio.create_task(work(shared)) for _ in range(min(jobs, len(shared)))]
    workers += [asyncio.create_task(work(list(lane))) for lane in lanes.serial if lane]
    try:
        for _ in range(lanes.size):
            yield await following(queue, workers)
    finally:
        await cancel(workers)
