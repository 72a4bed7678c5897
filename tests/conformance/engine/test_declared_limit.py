"""A declared limit that isn't enforced is one cause, and keeps the cases about the limit from being asked."""

from __future__ import annotations

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect
from hopcheck.engine.invariants.declared_limit import DECLARED_LIMIT
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.causes import causes_of, judged


async def reads(target: Target) -> Findings:
    """It reads the burst."""
    yield expect("denied", len((await target.burst()).denied), at_least=1)


@pytest.fixture
def verdicts(case, bench):
    def made(relay: type[Relay]) -> list[Verdict]:
        cases = [case(f"rate_limit.{name}", level="MUST", refs=["a"], needs=["rate_limit"])(reads) for name in "abc"]
        return list(bench.judge(cases, relay).values())

    return made


class DoesNotLimit(Relay):
    """Nothing is refused."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.limits.in_flight[incoming.model] += 1
        return None


def test_a_limit_that_is_not_enforced_is_one_cause(verdicts) -> None:
    made = verdicts(DoesNotLimit)
    (cause,) = causes_of(made)
    assert cause.sentence == "The declared limit isn't enforced: 3 requests in 1 s."
    assert (cause.category, cause.outcome, cause.count) == ("security", Outcome.DEVIATES, 3)
    assert {(one.outcome, one.untestable_by) for one in made} == {(Outcome.UNTESTABLE, cause.key)}
    (_, occurrence), *_ = cause.examples
    assert occurrence.detail == "5 requests for limited-model at once were all answered with 200"
    assert occurrence.exchange == 4  # the last one of the burst


def test_a_limit_that_is_enforced_is_judged(verdicts) -> None:
    made = verdicts(Relay)
    assert causes_of(made) == []
    assert judged(made)[DECLARED_LIMIT] == {"chat": 3}
    assert {one.outcome for one in made} == {Outcome.CONFORMS}
