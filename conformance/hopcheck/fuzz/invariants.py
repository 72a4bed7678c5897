"""Holds what a search has asked to the invariants, as the exchanges of cases are."""

from __future__ import annotations

from dataclasses import replace

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.client import Target
from hopcheck.engine.context import RunContext
from hopcheck.engine.exchange_judge import judge_invariants
from hopcheck.engine.invariants.request_fidelity import REQUEST_FIDELITY
from hopcheck.engine.invariants.response_fidelity import RESPONSE_FIDELITY
from hopcheck.engine.wire_contracts import WireJudgement
from hopcheck.fuzz.operations import INVARIANTS

COMPARED = frozenset({REQUEST_FIDELITY, RESPONSE_FIDELITY})
"""What searches compare by themselves, as their examples go further than what cases ask."""


async def broken_invariants(case: Case, target: Target, context: RunContext) -> list[str]:
    """What doesn't hold, and must, on the exchanges of a target: `attempts: a success is asked for again`.

    Args:
        case: The search's case, whose id the requests carry.
        target: The target, which has been asked.
        context: What it is run against; without an upstream of ours, nothing is judged.
    """
    if context.control is None or not context.contracts:
        return []
    markers = dict.fromkeys(response.marker for response in target.responses if response.marker)
    attempts = [attempt for marker in markers for attempt in await context.control.attempts(marker)]
    known, judgement = replace(context.known, left_out=context.known.left_out | COMPARED), WireJudgement()
    await judge_invariants(case, target, attempts, known, judgement)
    return sorted({f"{one.check}: {one.cause}" for one in judgement.occurrences if one.level is Level.MUST})


async def invariant_finding(case: Case, target: Target, context: RunContext) -> Finding:
    """The finding about an example that has been played."""
    return expect(INVARIANTS, await broken_invariants(case, target, context), equals=[])
