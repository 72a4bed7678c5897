"""The target answers no 429 and no 5xx of its own to a healthy request."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck.authoring.findings import Level
from hopcheck.client import Response, Target
from hopcheck.engine.acceptance import is_valid
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant, RunKnowledge
from hopcheck.engine.exchanges.forecast import Forecast

UNPROVOKED = "unprovoked"

RESTING = frozenset({429, 503})
"""What a target also answers while it rests a provider that has failed."""

AROUND_NS = 1_500_000_000
"""A target that lets requests for a model through shortly before and shortly after it refused one wasn't resting."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield a failure of the target's own."""
    response, case = judged.exchange.response, judged.case
    if not judged.is_two_sided or case.refusable or case.floods or not _is_healthy(judged):
        return
    if response.status is None:
        yield Complaint(f"there is no response to a healthy request ({response.ended})", response.detail)
    elif response.status in RESTING:
        yield from refusal(response, judged.target, judged.known)
    elif response.status >= 500:
        yield Complaint(f"status {response.status} to a healthy request", judged.exchange.about)


def _is_healthy(judged: Judged) -> bool:
    sent = judged.exchange.response.sent
    if judged.exchange.operation == "models":
        return sent.method == "GET" and judged.target.carries_own_key(sent) and judged.config.declares.models
    return is_valid(judged.target, judged.exchange.response)


def refusal(response: Response, target: Target, known: RunKnowledge) -> Iterator[Complaint]:
    """Yield a refusal that neither a declared limit nor a resting provider explains."""
    body, declares = response.sent.json, target.declares
    model = str(body.get("model")) if isinstance(body, dict) else ""
    limited = {*(declares.rate_limit.models if declares.rate_limit else ())}
    limited |= {declares.concurrency_limit.model} if declares.concurrency_limit else set()
    if model in limited:
        return
    status, about = response.status, f"{response.sent.method} {response.sent.url}"
    if response.header("retry-after") is not None:
        yield Complaint(f"status {status} for a limit that isn't declared", about, Level.SHOULD)
    elif was_open(known.passed.get(model, ()), response.head_at_ns):
        yield Complaint(f"status {status} to a healthy request", about)


def was_open(passed: list[int] | tuple[()], at_ns: int) -> bool:
    """Whether requests passed shortly before a time, and shortly after it."""
    near = [one - at_ns for one in passed if abs(one - at_ns) <= AROUND_NS]
    return any(one < 0 for one in near) and any(one > 0 for one in near)


INVARIANT = JudgedInvariant(UNPROVOKED, frozenset({Forecast.OWN}), judge)
