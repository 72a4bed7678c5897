"""When a case is over, its attempts have ended, and none went on for a client that had left."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck.authoring.findings import Level
from hopcheck.client.operations import ANSWERED
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_server.upstream.journal.attempt import Attempt

CLEANUP = "cleanup"

GOES_ON_NS = 2_500_000_000
"""How long an attempt may go on for a client that has left."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield attempts that outlive their client."""
    exchange, response = judged.exchange, judged.exchange.response
    if exchange.is_shared:
        return
    if response.ended == "complete":
        if any(not attempt.ended for attempt in exchange.attempts):
            yield Complaint("an attempt goes on after the response has ended", exchange.about)
        return
    if response.ended != "left" or not response.ended_at_ns:
        return
    bound_ns = response.ended_at_ns + GOES_ON_NS
    for attempt in exchange.attempts:
        if any(at_ns > bound_ns for at_ns, _ in attempt.sent):
            yield Complaint("the provider is read on after the client has left", exchange.about)
        elif _was_held(attempt, bound_ns):
            yield Complaint("a silent attempt is kept after the client has left", exchange.about, Level.SHOULD)


def _was_held(attempt: Attempt, bound_ns: int) -> bool:
    return attempt.ended in ("", "released") and (not attempt.ended_ns or attempt.ended_ns > bound_ns)


INVARIANT = JudgedInvariant(CLEANUP, frozenset(Forecast), judge, frozenset(ANSWERED))
