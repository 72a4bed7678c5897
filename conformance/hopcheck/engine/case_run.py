"""Runs one case and makes its verdict.

A target's misbehaviour is a finding and never an exception; findings made before a crash are kept.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding
from hopcheck.client import Response, Target, Untestable
from hopcheck.client.operations import operation_of
from hopcheck.client.responses import NotApplicable
from hopcheck.engine.acceptance import ACCEPTANCE, judge_acceptance
from hopcheck.engine.context import RunContext
from hopcheck.engine.evidence import CaseFindings
from hopcheck.engine.exchange_judge import judge_invariants
from hopcheck.engine.invariants.declared_limit import DECLARED_LIMIT, judge_declared_limit
from hopcheck.engine.invariants.known_defects import without_known_defects
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict, outcome_of
from hopcheck.engine.wire_contracts import WireJudgement, judge_exchanges
from hopcheck.engine.wire_log import curl_line, wire_log
from hopcheck.engine.wire_origins import WireEvidence
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt

PROVIDER_AWAY = frozenset({"unreachable", "outage"})
"""Needs of cases in which nobody answers the target: what it then refuses, it doesn't refuse for the request's sake."""

_PREVENTS = {
    ACCEPTANCE: "the target refuses a valid request that this case depends on ({})",
    DECLARED_LIMIT: "the target doesn't enforce the limit that this case is about ({})",
}
"""What keeps a case from being asked, by check, and the reason."""


async def run_case(case: Case, context: RunContext, *, settle: bool = False) -> Verdict:
    """Run one case; with `settle`, once the target answers a healthy request.

    Returns:
        Its verdict. Only cancellation is raised.
    """
    reason = context.reason_to_skip(case)
    if reason:
        return Verdict(case.id, Outcome.NOT_APPLICABLE, reason, operation=case.operation)
    target = context.target(case)
    begun_ns = time.monotonic_ns()
    findings = CaseFindings(target.responses)
    beyond: list[Occurrence] = []
    outcome, reason = await _judged(_findings(case, target, findings, settle=settle))
    if outcome is not Outcome.BROKEN and context.extra_findings is not None:
        own = outcome, reason
        outcome, reason = await _judged(_extra(case, context.extra_findings(case, target), findings, beyond, own))
    if outcome is Outcome.CONFORMS:
        outcome, reason = await _judged(_own_outcome(case, target, context.control, findings.made))
    verdict = Verdict(
        case.id,
        outcome,
        reason,
        tuple(findings.made),
        operation=case.operation,
        duration_s=(time.monotonic_ns() - begun_ns) / 1e9,
        evidence=_evidence(findings, outcome),
        notes=tuple(target.notes),
        occurrences=tuple(beyond),
    )
    try:
        judged = await _with_evidence(case, verdict, target, context, begun_ns)
        return _unless_held_up(case, judged, target, context)
    except Exception:  # the upstream can't be asked any more
        return replace(verdict, outcome=Outcome.BROKEN, reason=_trace())


def _unless_held_up(case: Case, verdict: Verdict, target: Target, context: RunContext) -> Verdict:
    """A verdict that fails the gate, and may do so because hopcheck itself was held up, says nothing of the target."""
    if context.watchdog is None:
        return verdict
    held_up = context.watchdog.sentence(target.since_ns, time.monotonic_ns(), reads_clock=case.reads_clock)
    may_explain = case.reads_clock or any(map(_may_be_late, target.responses))
    if not (held_up and may_explain and verdict.outcome is Outcome.DEVIATES):
        return replace(verdict, held_up=held_up)
    return replace(verdict, outcome=Outcome.UNTESTABLE, reason=held_up, held_up=held_up)


def _may_be_late(response: Response) -> bool:
    """Whether a response is such as comes of a time-out, on the client's side or on the target's."""
    status = response.status or 0
    return response.ended != "complete" or status >= 500 or status in (408, 429)


async def _findings(case: Case, target: Target, findings: CaseFindings, *, settle: bool) -> tuple[Outcome, str]:
    if settle and not await target.recovered():
        raise Untestable("the target did not get over its cooldown")
    async for finding in case.findings(target):
        findings.add(finding)
    return Outcome.CONFORMS, ""


async def _extra(
    case: Case,
    found: AsyncIterator[Finding | Occurrence],
    findings: CaseFindings,
    beyond: list[Occurrence],
    own: tuple[Outcome, str],
) -> tuple[Outcome, str]:
    """Add what the run finds. If a finding fails, it decides, even where the case itself couldn't be judged."""
    before = len(findings.made)
    async for one in found:
        if isinstance(one, Occurrence):
            beyond.append(one)
        else:
            findings.add(one)
    fails = any(not finding.ok for finding in findings.made[before:])
    return (outcome_of(findings.made, case.level), own[1]) if fails else own


async def _judged(work: Coroutine[Any, Any, tuple[Outcome, str]]) -> tuple[Outcome, str]:
    """The outcome of some work; an exception is an outcome, too."""
    try:
        return await work
    except Untestable as untestable:
        return Outcome.UNTESTABLE, str(untestable)
    except NotApplicable as reason:
        return Outcome.NOT_APPLICABLE, str(reason)
    except Exception:
        return Outcome.BROKEN, _trace()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return Outcome.BROKEN, _trace()  # nobody stops the run: the case cancelled something that it then awaited


def _trace() -> str:
    return traceback.format_exc(limit=-4)


async def _own_outcome(
    case: Case, target: Target, control: Control | None, findings: list[Finding]
) -> tuple[Outcome, str]:
    outcome = outcome_of(findings, case.level)
    if outcome is Outcome.BROKEN:
        return outcome, "the case made no finding"
    if control is None or not case.scripted or not target.ask.forwarded:
        return outcome, ""
    asked = [response for response in target.responses if response.marker]
    for response in asked:
        if await control.attempts(response.marker):
            return outcome, ""
    if not asked:
        return outcome, ""  # the case sent what can't be marked
    return Outcome.UNTESTABLE, await target.why_not_seen(asked[0])


async def _with_evidence(case: Case, verdict: Verdict, target: Target, context: RunContext, begun_ns: int) -> Verdict:
    """Release what the upstream left hanging, judge every exchange, and make the upstream forget the case."""
    attempts = await _release(target, context.control)
    owed = not case.refusable or verdict.outcome is Outcome.UNTESTABLE
    judgement = await _judge_exchanges(case, target, attempts, context, accepts=owed)
    log, reproduce = _wire_log(verdict, target, attempts, context, judgement, begun_ns)
    asked = Counter(operation_of(one.sent.method, one.sent.url, one.sent.json) for one in target.responses)
    complete = replace(
        verdict,
        occurrences=(*judgement.occurrences, *verdict.occurrences),
        judged=dict(judgement.judged),
        asked=dict(asked),
        exchanges=tuple(log),
        reproduce=reproduce,
    )
    return _depending(without_known_defects(complete, case.level))


def _evidence(findings: CaseFindings, outcome: Outcome) -> dict[str, tuple[int, ...]]:
    if outcome in (Outcome.UNTESTABLE, Outcome.BROKEN):
        findings.stopped()
    return findings.exchanges


def _wire_log(
    verdict: Verdict,
    target: Target,
    attempts: list[Attempt],
    context: RunContext,
    judgement: WireJudgement,
    begun_ns: int,
) -> tuple[list[dict[str, Any]], str]:
    """What crossed the wire, and a curl line that sends the failing request again."""
    failing, variables = verdict.failing, context.config.variables_by_value
    asked = target.responses
    line = curl_line(asked[failing[0] if failing else 0].sent, variables) if asked else ""
    if not context.wire_log:
        return [], line
    shown = {one.exchange for one in judgement.occurrences if one.exchange is not None}
    return wire_log(asked, attempts, begun_ns, failing=failing, shown=shown, variables=variables), line


def _depending(verdict: Verdict) -> Verdict:
    """A case that fails for what it depends on could not be asked: that its request is accepted, a limit enforced."""
    cause = next((one for one in verdict.occurrences if one.check in _PREVENTS), None)
    if cause is None or verdict.outcome in (Outcome.CONFORMS, Outcome.NOT_APPLICABLE, Outcome.BROKEN):
        return verdict
    reason = _PREVENTS[cause.check].format(cause.cause)
    return replace(verdict, outcome=Outcome.UNTESTABLE, reason=reason, untestable_by=cause.key)


async def _judge_exchanges(
    case: Case, target: Target, attempts: list[Attempt], context: RunContext, *, accepts: bool
) -> WireJudgement:
    """Hold exchanges to what must hold on every one; `accepts`: it owes the case an answer."""
    if not context.contracts:
        return WireJudgement()
    evidence = WireEvidence(
        target.responses,
        attempts,
        target.base_path,
        declares=context.config.declares,
    )
    judgement = await judge_exchanges(evidence)
    if context.control is not None and accepts and not case.needs & PROVIDER_AWAY:
        judge_acceptance(target, attempts, judgement, case.level)
    two_sided = context.control is not None
    await judge_invariants(case, target, attempts, context.known, judgement, is_two_sided=two_sided)
    judge_declared_limit(target, case.operation, judgement)
    return judgement


async def _release(target: Target, control: Control | None) -> list[Attempt]:
    """End the case at the upstream.

    Returns:
        The attempts that it made.
    """
    if control is None:
        return []
    attempts = []
    for marker in dict.fromkeys(response.marker for response in target.responses if response.marker):
        await control.release(marker)
        attempts += await control.attempts(marker)
        await control.forget(marker)
    return attempts
