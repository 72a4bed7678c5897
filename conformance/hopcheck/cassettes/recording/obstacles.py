"""Why a case has no cassette: it didn't run to its end, or its requests are others each time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hopcheck.cassettes.model import Cassette
from hopcheck.cassettes.recording.exchanges import RecordedExchange
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck_server.redaction import REDACTED
from hopcheck_server.upstream.journal.attempt import Attempt

SETTLE_S = 30.0
"""How long an exchange with LiteLLM may go on after its case."""

_WHOLE = frozenset({Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES})
_TRUNCATED = frozenset({"cut", "reset", "garbled", "too-large"})
_TRUNCATING = frozenset({"cut", "released"})
_OWN_PORT = re.compile(rb"127\.0\.0\.1:\d{4,5}\b")


def why_unfit(
    verdict: Verdict, exchanges: Sequence[RecordedExchange], attempts: Sequence[Attempt], *, settled: bool
) -> str:
    """Why a case can't be recorded, or ""."""
    if verdict.outcome not in _WHOLE:
        return f"it did not run to its end: {verdict.outcome} ({_short(verdict.reason)})"
    if not settled:
        return f"an exchange with LiteLLM was still open {SETTLE_S:g} s after its end"
    truncated = [one for one in exchanges if one.ended in _TRUNCATED]
    if truncated and not any(attempt.ended in _TRUNCATING for attempt in attempts):
        return f"a response of LiteLLM's ended as `{truncated[0].ended}`, though its provider's didn't"
    return ""


def why_unplayable(cassette: Cassette) -> str:
    """Why no replay would send the requests on a cassette, or ""."""
    bodies = [one.request.body for one in cassette.interactions]
    if any(REDACTED.encode() in body for body in bodies):  # a replay plays a key in its place, which comes back
        return "what its provider signs is masked on a cassette, as keys are"
    if any(map(_OWN_PORT.search, bodies)):
        return "it asks for an address on this machine, whose port is another one in each run"
    return ""


def _short(reason: str) -> str:
    return " ".join(reason.split())[:200]
