"""A run ends early when nothing more can be learnt, or it takes too long; the report says why."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, refuse, reply
from hopcheck.authoring.case import Case
from hopcheck.client.pacing.pace import NOTHING_PASSES, Pace
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.bounds import DEADLINE_S, IN_A_ROW, QUIET_S, RunBounds
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.report.build import build
from hopcheck.report.document import violations
from hopcheck.report.run_summary import RunSummary
from hopcheck.report.tally import headline
from hopcheck.selftest.relay_host import RelayHost


def noted(*verdicts: Verdict) -> str:
    bounds = RunBounds()
    for verdict in verdicts:
        bounds.note(verdict)
    return bounds.reached


def untestable(number: int, reason: str, by: str = "", area: str = "chat") -> Verdict:
    return Verdict(f"{area}.c{number}", Outcome.UNTESTABLE, reason, untestable_by=by)


SKIPPED = Verdict("chat.skipped", Outcome.NOT_APPLICABLE, "not declared")
HOLDS = Verdict("chat.holds", Outcome.CONFORMS)


def test_ten_in_a_row_for_one_reason_end_a_run() -> None:
    same = [untestable(number, "gone") for number in range(IN_A_ROW)]
    assert noted(*same) == "10 cases in a row could not be asked (gone)"
    assert noted(*same[1:], SKIPPED) == ""
    assert noted(*same[1:], SKIPPED, same[0])
    assert noted(*same[1:], HOLDS, same[0]) == ""
    assert noted(*same[1:], untestable(99, "another reason")) == ""


def test_one_refused_feature_ends_no_run_but_refusing_all_does() -> None:
    by = "acceptance: status 400, tools"
    assert noted(*(untestable(number, "refused", by) for number in range(3 * IN_A_ROW))) == ""
    areas = ("chat", "errors", "tools")
    assert by in noted(*(untestable(number, "refused", by, areas[number % 3]) for number in range(IN_A_ROW)))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_bounds_in_time() -> None:
    clock = Clock()
    bounds = RunBounds(clock=clock)
    assert bounds.left_s == QUIET_S
    clock.now = QUIET_S - 1
    bounds.note(HOLDS)
    assert bounds.left_s == QUIET_S
    clock.now += QUIET_S
    bounds.run_out()
    assert (bounds.left_s, bounds.reached) == (0.0, "there was no new verdict for 180 s")
    clock.now = DEADLINE_S - 1
    bounds.note(HOLDS)
    assert bounds.left_s == 1
    clock.now = DEADLINE_S
    bounds.run_out()
    assert bounds.reached == "its cases were not through after 900 s (--deadline)"


def plain(case, number: int) -> Case:
    async def function(target: Target) -> Findings:
        """It asks once."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    return case(f"chat.c{number}", level="MUST", refs=["a"], upstream=reply.chat("hi"))(function)


class RefusesAllButPreflight(Relay):
    """Preflight passes, and nothing else does."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        asks = b"hopcheck:chat." in incoming.body
        return refuse(incoming, 429, "Slow down.") if asks else await super().authorize(incoming)


class Hangs(Relay):
    """Preflight passes, and nothing else is answered."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if b"hopcheck:chat." in incoming.body:
            await asyncio.Event().wait()
        return await super().authorize(incoming)


def gated(bench, relay: type[Relay], cases: list[Case], **options) -> GateResult:
    async def main() -> GateResult:
        async with RelayHost({"relay": relay}, cases) as host:
            context = replace(host.context("relay"), pace=Pace(longest_wait_s=0.5))
            asked = GateOptions(config=context.config, cases=cases, **options)
            return await gate(asked, asyncio.Event(), lambda *_: None, nullcontext(context))

    return bench.alone(main)


def document_of(result: GateResult, cases: list[Case], target):
    facts = RunSummary(
        started=result.started,
        duration_s=result.duration_s,
        selected=len(cases),
        ended_early=result.ended_early,
        notes=result.notes,
    )
    return build(result.verdicts, {case.id: case for case in cases}, target, facts)


def test_a_target_that_refuses_everything_ends_the_run(case, bench) -> None:
    cases = [plain(case, number) for number in range(2 * IN_A_ROW)]
    result = gated(bench, RefusesAllButPreflight, cases)
    assert result.ended_early == f"10 cases in a row could not be asked ({NOTHING_PASSES})"
    assert [verdict.outcome for verdict in result.verdicts] == [Outcome.UNTESTABLE] * IN_A_ROW
    document = document_of(result, cases, bench.one_sided("http://127.0.0.1:1/v1").config)
    assert violations(document) == []
    assert (document["summary"]["exit"], document["partial"]) == (3, True)
    assert document["notes"][0].startswith("the target limits its rate: it refused")
    assert NOTHING_PASSES in headline(document)


@pytest.mark.parametrize("deadline_s", [0.3])
def test_a_deadline_ends_the_run(case, bench, deadline_s: float) -> None:
    cases = [plain(case, 1)]
    result = gated(bench, Hangs, cases, deadline_s=deadline_s)
    assert result.ended_early == "its cases were not through after 0.3 s (--deadline)"
    assert result.verdicts == []
    assert not result.interrupted
    document = document_of(result, cases, bench.one_sided("http://127.0.0.1:1/v1").config)
    assert (violations(document), document["summary"]["exit"]) == ([], 3)
