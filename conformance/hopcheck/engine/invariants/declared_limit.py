"""The declared rate limit: a target that refuses no request of a burst over it doesn't enforce it."""

from __future__ import annotations

from hopcheck.authoring.findings import Level
from hopcheck.client import Target
from hopcheck.client.pacing.burst import Burst
from hopcheck.engine.verdict import Occurrence
from hopcheck.engine.wire_contracts import WireJudgement

DECLARED_LIMIT = "declared-limit"


def judge_declared_limit(target: Target, operation: str, judgement: WireJudgement) -> None:
    """Count the burst that a case reads, and whether nothing of it was refused."""
    burst = target.read_burst
    if burst is None:
        return
    judgement.judged[DECLARED_LIMIT, operation] += 1
    if not burst.denied:
        number = target.responses.index(burst.responses[-1])
        cause = f"{burst.allowed} requests in {burst.window_s:g} s"
        judgement.occurrences.append(Occurrence(DECLARED_LIMIT, cause, _detail(burst), Level.MUST, operation, number))


def _detail(burst: Burst) -> str:
    return f"{len(burst.admitted)} requests for {burst.model} at once were all answered with 200"
