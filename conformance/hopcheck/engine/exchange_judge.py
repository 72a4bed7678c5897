"""Holds the exchanges of a case against every invariant that the forecast allows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hopcheck.authoring.case import Case
from hopcheck.client import Target
from hopcheck.client.operations import operation_of
from hopcheck.engine.acceptance import is_valid
from hopcheck.engine.exchanges.complaint import Judged, RunKnowledge
from hopcheck.engine.exchanges.exchange import Exchange, exchanges_of
from hopcheck.engine.exchanges.forecast import forecast_of
from hopcheck.engine.invariants import (
    attempts as upstream_attempts,
)
from hopcheck.engine.invariants import (
    cleanup,
    credentials,
    http,
    identity,
    internals,
    provider_errors,
    request_fidelity,
    response_fidelity,
    secrets,
    stream_grammar,
    unprovoked,
)
from hopcheck.engine.verdict import Occurrence
from hopcheck.engine.wire_contracts import WireJudgement
from hopcheck_server.upstream.journal.attempt import Attempt

JUDGED_INVARIANTS = (
    request_fidelity.INVARIANT,
    response_fidelity.INVARIANT,
    stream_grammar.INVARIANT,
    upstream_attempts.INVARIANT,
    secrets.INVARIANT,
    credentials.INVARIANT,
    internals.INVARIANT,
    provider_errors.SHAPE,
    provider_errors.RETRY,
    unprovoked.INVARIANT,
    http.INVARIANT,
    identity.INVARIANT,
    cleanup.INVARIANT,
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
    exchanges = exchanges_of(case, target.responses, attempts, target.base_path)
    _note_arrivals(exchanges, known)
    _note_ids(exchanges, known)
    for exchange in exchanges:
        judged = Judged(exchange, forecast_of(exchange, case, target.config), case, target, known, is_two_sided)
        _judge(judged, judgement)
        await asyncio.sleep(0)  # other cases go on between two large messages
    if is_two_sided:
        _judge_refusals(case, target, known, judgement)


def _note_arrivals(exchanges: Sequence[Exchange], known: RunKnowledge) -> None:
    """Note when requests for a model got through."""
    for exchange in exchanges:
        model = str((exchange.asked or {}).get("model"))
        known.passed.setdefault(model, []).extend(attempt.received_ns for attempt in exchange.attempts)


def _note_ids(exchanges: Sequence[Exchange], known: RunKnowledge) -> None:
    """Note which response of the upstream's each of the target's is."""
    for exchange in exchanges:
        given = exchange.given[-1] if exchange.given else None
        if given is not None and (own := identity.response_id(exchange.answer)):
            known.provider_id_by_own[own] = identity.response_id(given)


def _judge_refusals(case: Case, target: Target, known: RunKnowledge, judgement: WireJudgement) -> None:
    """Judge the refusals whose requests were sent again: there is no silent second try."""
    for response in target.refusals:
        sent = response.sent
        operation = operation_of(sent.method, sent.url, sent.json)
        if unprovoked.UNPROVOKED in known.left_out or case.refusable or not is_valid(target, response):
            continue
        judgement.judged[unprovoked.UNPROVOKED, operation] += 1
        judgement.occurrences += [
            Occurrence(unprovoked.UNPROVOKED, cause, detail, level, operation)
            for cause, detail, level in unprovoked.refusal(response, target, known)
        ]


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
