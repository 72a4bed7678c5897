"""The whole gate on gateways that let 20 requests through in a second, and declare nothing about it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from contextlib import nullcontext
from typing import ClassVar

import pytest

from hopcheck import IncomingRequest, Relay, RelayedResponse, refuse
from hopcheck.client.pacing.paced_side import FLOOD
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.selftest.relay_host import RelayHost

LIMIT = 20

pytestmark = pytest.mark.whole_gate


class LimitsEverybody(Relay):
    """All clients together get 20 requests a second through; a refusal says to wait for a second."""

    says: ClassVar[tuple[tuple[str, str], ...]] = (("Retry-After", "1"),)

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        passed: deque[float] = self.__dict__.setdefault("passed", deque())
        now = time.monotonic()
        while passed and passed[0] <= now - 1:
            passed.popleft()
        if len(passed) >= LIMIT:
            return refuse(incoming, 429, "Too many requests.", code="rate_limit_exceeded", headers=self.says)
        passed.append(now)
        return await super().authorize(incoming)


class LimitsInSilence(LimitsEverybody):
    """The same, and a refusal doesn't say when to come back."""

    says: ClassVar[tuple[tuple[str, str], ...]] = ()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("relay", [LimitsEverybody, LimitsInSilence])
def test_only_floods_can_not_be_asked(relay: type[Relay]) -> None:
    cases = list(all_cases().values())

    async def main() -> GateResult:
        async with RelayHost({"relay": relay}, cases) as host:
            context = host.context("relay")
            options = GateOptions(config=context.config, cases=cases)
            return await gate(options, asyncio.Event(), lambda *_: None, nullcontext(context))

    result = asyncio.run(main())
    exchanges = sum((Counter(one.asked) for one in result.verdicts), Counter()).total()
    bound_s = 1.5 * exchanges / LIMIT + 30
    red = {one.case_id: one.reason for one in result.verdicts if one.outcome is not Outcome.CONFORMS}
    print(f"{relay.__name__}: {exchanges} exchanges in {result.duration_s:.0f} s (bound {bound_s:.0f} s), {red}")
    print(result.notes)
    assert result.ended_early == ""
    assert len(result.verdicts) == len(cases)
    limited = {case_id for case_id, reason in red.items() if reason == FLOOD}
    assert limited <= {case.id for case in cases if case.floods}
    assert {one.case_id: one.reason for one in result.verdicts if one.outcome is Outcome.UNTESTABLE} == {}
    assert result.notes[0].startswith("the target limits its rate: it refused")
