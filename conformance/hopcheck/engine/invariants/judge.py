"""Holds the exchanges of a case against every invariant that the forecast allows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hopcheck.authoring.registry import Case
from hopcheck.client import Target
from hopcheck.engine.exchanges.exchange import exchanges_of
from hopcheck.engine.exchanges.forecast import forecast_of
from hopcheck.engine.invariants import request_fidelity, response_fidelity, stream_grammar
from hopcheck.engine.invariants.complaint import Judged, RunKnowledge
from hopcheck.engine.verdict import Occurrence
from hopcheck.engine.wire_contracts import WireJudgement
from hopcheck_server.upstream.journal.attempt import Attempt

JUDGED_INVARIANTS = (
    request_fidelity.INVARIANT,
    response_fidelity.INVARIANT,
    stream_grammar.INVARIANT,
)
"""All of them, in the order in which they are judged."""


async def judge_invariants(
    case: Case,
    target: Target,
    attempts: Sequence[Attempt],
    known: RunKnowledge,
    judgement: WireJudgement,
    *,
    is_two_sided: bool = True,
) -> None:
    """Add to a judgement what doesn't hold on the exchanges of a case.

    Args:
        case: The case, which is over.
        target: The target, as the case had it.
        attempts: What reached the upstream for the case.
        known: What the run knows of the target; the case's exchanges add to it.
        judgement: What is added to.
        is_two_sided: Whether the upstream is ours.
    """
    for exchange in exchanges_of(case, target.responses, attempts, target.base_path):
        judged = Judged(exchange, forecast_of(exchange, case), case, target, known, is_two_sided)
        _judge(judged, judgement)
        await asyncio.sleep(0)  # other cases go on between two large messages


def _judge(judged: Judged, judgement: WireJudgement) -> None:
    exchange = judged.exchange
    for invariant in JUDGED_INVARIANTS:
        name = invariant.name
        if not invariant.applies(judged):
            continue
        judgement.judged[name, exchange.operation] += 1
        judgement.occurrences += [
            Occurrence(name, cause, detail or exchange.about, level, exchange.operation, exchange.number)
            for cause, detail, level in invariant.judge(judged)
        ]
