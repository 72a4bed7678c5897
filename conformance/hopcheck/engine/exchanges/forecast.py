"""The forecast: what a target has to do with an exchange, given what its provider really did and what it declares.

A provider's own fault is never the target's, and a client that left is owed little. So each exchange is put into one of
four classes, and each invariant says on which of them it is held.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

from hopcheck.authoring.case import Case
from hopcheck.client.config import TargetConfig
from hopcheck.client.operations import OPERATIONS
from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck.engine.exchanges.exchange import Exchange
from hopcheck.engine.exchanges.message import Message
from hopcheck_contracts.documents import surface_of
from hopcheck_contracts.grammar.surfaces import check_events
from hopcheck_contracts.schemas import validate_raw_response
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker

DECLARED_REFUSALS = frozenset({429, 503})
"""What a target answers by itself where it declares a limit, or an outage is asked about."""

EXCUSING_NEEDS = frozenset({"outage", "unreachable", "rate_limit", "concurrency_limit"})
"""Needs of cases in which the target answers by itself as it declares to."""


NEARLY = 0.6
"""The share of a declared timeout from which on nobody knows on which side of it the target sees a silence."""


class Forecast(StrEnum):
    """What is due in an exchange."""

    CLEAN = "clean"
    """The provider's well-formed success has to reach the client, whole and unchanged."""

    FAULTED = "faulted"
    """The provider failed in one way or another, and the client has to see that."""

    OWN = "own"
    """No attempt reached the provider: the target answered by itself."""

    EXCUSED = "excused"
    """The client left, or the target does as it declares where something declared is in the way."""


def forecast_of(exchange: Exchange, case: Case, config: TargetConfig) -> Forecast:
    """The class of an exchange of a case, with a target of that description."""
    response = exchange.response
    if response.ended == "left" or exchange.is_shared:
        return Forecast.EXCUSED
    if not exchange.attempts:
        is_declared = response.status in DECLARED_REFUSALS and not EXCUSING_NEEDS.isdisjoint(case.needs)
        return Forecast.EXCUSED if is_declared else Forecast.OWN
    *before, last = zip(exchange.attempts, exchange.given, strict=True)
    if any(_has_begun(given) for _, given in before):
        return Forecast.FAULTED  # what a client has of a stream that broke is no part of the next one
    is_whole = is_success(exchange, *last) and not misframes(case, exchange.response.marker)
    return Forecast.CLEAN if is_whole and not _is_too_slow(exchange, config) else Forecast.FAULTED


def _is_too_slow(exchange: Exchange, config: TargetConfig) -> bool:
    """Whether the provider was silent for about as long as the target declares to bear."""
    declares, attempt = config.declares, exchange.attempts[-1]
    model = (exchange.asked or {}).get("model")
    if declares.timeout_s is None or model != (declares.timeout_model or config.models.chat):
        return False
    times = [attempt.received_ns, attempt.head_sent_ns, *(at_ns for at_ns, _ in attempt.sent)]
    return any(after - before > declares.timeout_s * NEARLY * 1e9 for before, after in pairwise(times))


def misframes(case: Case, marker: str) -> bool:
    """Whether the script of a request frames a response wrongly, which the journal doesn't tell."""
    script = case.scripts.get(Marker.parse(marker).variant)
    turns = (*script.turns, *script.backup) if script else ()
    return any(turn.delivery.content_length is not None for turn in turns)


def is_success(exchange: Exchange, attempt: Attempt, given: Message | None) -> bool:
    """Whether a provider's response is whole, keeps the contract, is of the form that was asked for, and no error."""
    if given is None or given.status != 200 or given.body is None or exchange.asked is None or given.error:
        return False
    kind, surface = OPERATIONS.get(exchange.operation), surface_of(exchange.path)
    wants_stream = kind is not None and kind.streams
    if given.streams is not wants_stream:
        return False
    if not wants_stream:
        if _has_no_choice(given):
            return False
        body, path = given.body, exchange.path if foreign_dialect(attempt, exchange.path) else attempt.path
        ended = attempt.ended == "answered"
        return ended and not validate_raw_response(surface, attempt.method, path, 200, given.headers, body)
    is_over = attempt.ended in ("answered", "hung-up") and given.error is None
    return is_over and not check_events(surface, given.events)


def _has_no_choice(given: Message) -> bool:
    """Whether a response is a chat completion that answers nothing."""
    return isinstance(given.json, dict) and given.json.get("choices") == []


def _has_begun(given: Message | None) -> bool:
    """Whether a provider's stream has sent something that a client may have."""
    return given is not None and given.status == 200 and given.streams and bool(given.body)
