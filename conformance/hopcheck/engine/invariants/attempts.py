"""How often the provider is asked: once for a success, as often as declared otherwise, with the same request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hopcheck.authoring.equivalence import canonical_request
from hopcheck.client.config import Declares
from hopcheck.client.operations import ANSWERED
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.differences import differences
from hopcheck.engine.exchanges.forecast import Forecast, is_success, misframes
from hopcheck_contracts.bounded_json import shared_json
from hopcheck_server.upstream.journal.attempt import Attempt

ATTEMPTS = "attempts"

ABOUT_THE_API = ("anthropic-", "openai-")
"""How headers begin that say which form of its API a provider is to speak."""

ON_ITS_WAY_NS = 250_000_000
"""How long after the end of a response an attempt may arrive that was on its way."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield attempts that are too many, too late, or other than the first one."""
    exchange = judged.exchange
    if exchange.is_shared or not exchange.attempts:
        return
    counted = [attempt for attempt in exchange.attempts if not _was_unheard(attempt)]
    allowed = budget(exchange.attempts[0].model, _asked_model(judged), judged.config.declares)
    if len(counted) > allowed:
        what = f"{len(counted)}, where `retries = {judged.config.declares.retries}` allows {allowed}"
        yield Complaint("there are more attempts than declared", f"{exchange.about}: {what}")
    yield from _after_success(judged)
    yield from _too_late(judged)
    yield from _changed(judged, exchange.attempts)
    yield from _lost(judged, exchange.attempts)


def _was_unheard(attempt: Attempt) -> bool:
    """Whether the connection ended before any response: on a pooled one, that may have happened before the request."""
    return attempt.ended == "cut" and not attempt.head_sent_ns


def _asked_model(judged: Judged) -> str:
    return str((judged.exchange.asked or {}).get("model", ""))


def budget(first_model: str, asked_model: str, declares: Declares) -> int:
    """How many attempts a target may make for one request."""
    fallback = declares.fallback
    models = len(fallback.chain) if fallback and fallback.primary in (asked_model, first_model) else 1
    per_model = 1 + max(declares.retries, declares.timeout_retries)
    return per_model * models + (1 if declares.continues else 0)


def _after_success(judged: Judged) -> Iterator[Complaint]:
    exchange = judged.exchange
    pairs = list(zip(exchange.attempts, exchange.given, strict=True))
    if misframes(judged.case, exchange.response.marker):
        return
    if any(is_success(exchange, *pair) for pair in pairs[:-1]):
        yield Complaint("a success is asked for again", exchange.about)


def _too_late(judged: Judged) -> Iterator[Complaint]:
    response = judged.exchange.response
    if not judged.known.has_clock or not response.ended_at_ns:
        return
    late = [one for one in judged.exchange.attempts if one.received_ns > response.ended_at_ns + ON_ITS_WAY_NS]
    if late:
        after = "left" if response.ended in ("left", "timeout") else "was answered"
        yield Complaint(f"there is an attempt after the client {after}", judged.exchange.about)


def _changed(judged: Judged, attempts: Sequence[Attempt]) -> Iterator[Complaint]:
    if judged.config.declares.continues or len(attempts) == 1:
        return
    first, *others = (shared_json(attempt.body) for attempt in attempts)
    if not isinstance(first, dict):
        return
    places = dict.fromkeys(
        one.cause
        for other in others
        if isinstance(other, dict)
        for one in differences(_without_model(first), _without_model(other))
    )
    yield from (Complaint(f"in a retry, {place}", judged.exchange.about) for place in places)


def _lost(judged: Judged, attempts: Sequence[Attempt]) -> Iterator[Complaint]:
    """What a client says about the API in headers belongs to its request; another API may have no use for it."""
    first, *others = attempts
    names = {
        name.lower() for name, _ in judged.exchange.response.sent.headers if name.lower().startswith(ABOUT_THE_API)
    }
    for name in sorted(names):
        if first.header(name) and any(one.path == first.path and not one.header(name) for one in others):
            yield Complaint(f"in a retry, the header {name} is missing", judged.exchange.about)


def _without_model(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in canonical_request(body).items() if name != "model"}


INVARIANT = JudgedInvariant(
    ATTEMPTS,
    frozenset({Forecast.CLEAN, Forecast.FAULTED, Forecast.EXCUSED}),
    judge,
    frozenset(ANSWERED),
)
