"""A provider's error reaches the client as an error, with the provider's words and with when to come back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client.operations import ANSWERED
from hopcheck.client.responses import announced_s
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck.engine.exchanges.http_layer import is_http_refusal
from hopcheck.engine.exchanges.message import Message

ERROR_SHAPE = "error-shape"
RETRY_AFTER = "retry-after"

ABOUT_THE_TARGET = frozenset({401, 403})
"""Statuses by which a provider refuses the target's own credentials: what it says of them is none of the client's."""

TELLING_LATER = frozenset({429, 503})
"""Statuses with which a provider says when to come back."""

TOLERANCE_S = 1.5
"""How far two times may differ, as they count whole seconds."""


def judge_shape(judged: Judged) -> Iterator[Complaint]:
    """Yield what an error lacks: that it is one, its object, and the provider's message, type and code."""
    exchange, answer = judged.exchange, judged.exchange.answer
    if not answer.status or answer.body is None or exchange.response.sent.method == "HEAD":
        return
    if judged.forecast is Forecast.OWN:
        yield from _own_shape(judged)
        return
    given = exchange.given[-1]
    if given is None or exchange.response.ended != "complete":
        return
    if answer.status < 400 and not answer.error:
        if given.status >= 400:
            yield Complaint("a provider's error becomes a success", f"{exchange.about}, of {given.status}")
        return
    if answer.streams and not given.streams:
        return  # a stream had begun when the error came, so the words that end it are the target's own
    if given.error is not None and _tells_client(given) and answer.error is not None:
        yield from _lost_fields(judged, given.error, answer.error)


def _own_shape(judged: Judged) -> Iterator[Complaint]:
    """Responses of the target's own, also on paths that no contract knows."""
    exchange, answer = judged.exchange, judged.exchange.answer
    is_own = judged.is_two_sided and exchange.path.startswith("/v1/") and not judged.config.declares.transparent
    if answer.status < 400 or not is_own or is_http_refusal(exchange.response, arrived=False):
        return
    if answer.error is None or not isinstance(answer.error.get("message"), str):
        yield Complaint(f"an error of status {answer.status} has no error object", exchange.about, Level.SHOULD)


def _tells_client(given: Message) -> bool:
    return given.streams or (400 <= given.status < 500 and given.status not in ABOUT_THE_TARGET)


def _lost_fields(judged: Judged, given: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Complaint]:
    message = str(given.get("message") or "")
    shows_key = any(key in message for key in judged.known.provider_keys)
    if not shows_key and message not in str(answer.get("message")):
        yield Complaint("the provider's error message is lost", judged.exchange.about, Level.SHOULD)
    for name in ("type", "code"):
        if given.get(name) is not None and str(given[name]) != str(answer.get(name)):
            detail = f"{judged.exchange.about}: {given[name]!r} became {answer.get(name)!r}"
            yield Complaint(f"the provider's error {name} is lost", detail, Level.SHOULD)


def judge_retry_after(judged: Judged) -> Iterator[Complaint]:
    """Yield a Retry-After that is lost, changed, or longer than a declared window."""
    exchange, response = judged.exchange, judged.exchange.response
    if not exchange.attempts:
        yield from _own_window(judged)
        return
    given = exchange.given[-1]
    if judged.forecast is Forecast.CLEAN:
        if response.status == 200 and response.header("retry-after") and given and not given.header("retry-after"):
            yield Complaint("a success has a Retry-After", exchange.about, Level.SHOULD)
        return
    if given is None or given.status not in TELLING_LATER or response.status != given.status:
        return
    answered_s = time.time() - (time.monotonic_ns() - response.head_at_ns) / 1e9
    wanted_s = announced_s(given.header("retry-after"), answered_s)
    if wanted_s is None:
        return
    got_s = announced_s(response.header("retry-after"), answered_s)
    if got_s is None:
        yield Complaint("the provider's Retry-After is lost", exchange.about, Level.SHOULD)
    elif not wanted_s - response.elapsed_s - TOLERANCE_S <= got_s <= wanted_s + TOLERANCE_S:
        yield Complaint("the provider's Retry-After is changed", f"{exchange.about}: {wanted_s:.0f} s, {got_s:.0f} s")


def _own_window(judged: Judged) -> Iterator[Complaint]:
    limit, response = judged.config.declares.rate_limit, judged.exchange.response
    model = (judged.exchange.asked or {}).get("model")
    if limit is None or response.status != 429 or model not in limit.models or response.retry_after_s is None:
        return
    if response.retry_after_s > limit.window_s + TOLERANCE_S:
        detail = f"{judged.exchange.about}: {response.retry_after_s:.0f} s, of {limit.window_s:.0f} s"
        yield Complaint("Retry-After is longer than the declared window", detail)


SHAPE = JudgedInvariant(ERROR_SHAPE, frozenset({Forecast.FAULTED, Forecast.OWN}), judge_shape)
RETRY = JudgedInvariant(
    RETRY_AFTER,
    frozenset(Forecast),
    judge_retry_after,
    frozenset(ANSWERED),
)
