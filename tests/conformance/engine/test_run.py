"""The verdict on a case, whatever happens in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, Untestable, expect, refuse, reply
from hopcheck.client.config import TargetConfig
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Outcome
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.upstream.control.client import ControlFailed


class RefusesAll(Relay):
    """Everything is refused."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 400, "No.")


def holds(ok: bool, level=None):
    async def function(target: Target) -> Findings:
        """It holds."""
        answer = await target.chat.create()
        yield expect("status", answer.status, equals=200)
        yield expect("it", ok, equals=True, level=level)

    return function


@pytest.mark.parametrize(
    ("case_level", "level", "ok", "outcome"),
    [
        ("MUST", None, True, Outcome.CONFORMS),
        ("MUST", None, False, Outcome.DEVIATES),
        ("MUST", "SHOULD", False, Outcome.ADVISORY),
        ("MAY", None, False, Outcome.ADVISORY),
        ("MAY", "MUST", False, Outcome.DEVIATES),
    ],
)
def test_findings_and_their_levels_make_the_outcome(case, bench, case_level, level, ok, outcome) -> None:
    one = case("chat.one", level=case_level, refs=["a"])(holds(ok, level))
    verdict = bench.judge([one])["chat.one"]
    assert (verdict.outcome, bench.checks(verdict)) == (outcome, [("status", True), ("it", ok)])
    assert verdict.reproduce.startswith("curl ")


def test_a_crash_keeps_the_findings_before_it_and_is_broken(case, bench) -> None:
    @case("chat.crash", level="MUST", refs=["a"])
    async def crash(target: Target) -> Findings:
        """It crashes."""
        yield expect("before", 1, equals=1)
        raise ZeroDivisionError("in the case")

    verdict = bench.judge([crash])["chat.crash"]
    assert (verdict.outcome, bench.checks(verdict)) == (Outcome.BROKEN, [("before", True)])
    assert "ZeroDivisionError: in the case" in verdict.reason


def test_a_case_that_awaits_what_it_cancelled_is_broken(case, bench) -> None:
    @case("chat.cancels", level="MUST", refs=["a"])
    async def cancels(target: Target) -> Findings:
        """It cancels."""
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task
        yield expect("never", 1, equals=1)

    assert bench.judge([cancels])["chat.cancels"].outcome is Outcome.BROKEN


def test_no_finding_is_broken(case, bench) -> None:
    @case("chat.silent", level="MUST", refs=["a"])
    async def silent(target: Target) -> Findings:
        """It says nothing."""
        for finding in ():
            yield finding

    verdict = bench.judge([silent])["chat.silent"]
    assert (verdict.outcome, verdict.reason) == (Outcome.BROKEN, "the case made no finding")


def test_a_question_that_never_arrived_is_untestable(case, bench) -> None:
    scripted = case("chat.scripted", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    plain = case("chat.plain", level="MUST", refs=["a"])(holds(True))
    verdicts = bench.judge([scripted, plain], RefusesAll)
    assert verdicts["chat.scripted"].outcome is Outcome.UNTESTABLE
    assert verdicts["chat.scripted"].untestable_by == "acceptance: status 400, invalid_request_error"
    assert bench.checks(verdicts["chat.scripted"])[0] == ("status", False)
    assert verdicts["chat.plain"].outcome is Outcome.UNTESTABLE  # it depends on the same request


def test_what_a_case_calls_untestable_is(case, bench) -> None:
    @case("chat.cannot", level="MUST", refs=["a"])
    async def cannot(target: Target) -> Findings:
        """It can't be asked."""
        yield expect("before", 1, equals=2)
        raise Untestable("no log file")

    verdict = bench.judge([cannot])["chat.cannot"]
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, "no log file")
    assert bench.checks(verdict) == [("before", False)]


def test_what_is_not_declared_or_offered_does_not_apply(case, bench) -> None:
    class DeclaresNothing(Relay):
        """It has no fallback."""

        declares: ClassVar[dict[str, object]] = {"fallback": None, "retries": 0}

    one = case("chat.one", level="MUST", refs=["a"], needs=["fallback", "retries"])(holds(True))
    verdict = bench.judge([one], DeclaresNothing)["chat.one"]
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reason == "the target does not declare `fallback`, `retries`"

    two = case("chat.two", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    context = bench.one_sided("http://127.0.0.1:1/v1")
    verdict = asyncio.run(run_case(two, context))
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_APPLICABLE, "this run is not two-sided")


def test_a_target_that_is_gone_is_untestable(case, bench) -> None:
    first = case("chat.one", level="MUST", refs=["a"])(holds(True))
    last = case("chat.two", level="MUST", refs=["a"], isolation="cooldown")(holds(True))

    async def main():
        return [one async for one in run([first, last], bench.one_sided("http://127.0.0.1:1/v1"))]

    verdicts = bench.alone(main)
    assert [one.outcome for one in verdicts] == [Outcome.UNTESTABLE] * 2
    assert all("no connection to 127.0.0.1:1" in one.reason for one in verdicts)


class GoneUpstream:
    """A control whose upstream has ended."""

    def __getattr__(self, name: str):
        async def gone(*_, **__):
            raise ControlFailed("no connection to 127.0.0.1:9100")

        return gone


def test_an_upstream_that_is_gone_breaks_only_the_case(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))

    async def refuse_all(exchange) -> None:
        await exchange.start(500, [("Content-Length", "0")], "length")

    async def main():
        async with bench.answering(refuse_all) as url:
            return await run_case(one, RunContext(TargetConfig(name="t", base_url=url), GoneUpstream()))

    verdict = bench.alone(main)
    assert verdict.outcome is Outcome.BROKEN
    assert "ControlFailed" in verdict.reason
    assert bench.checks(verdict)[0] == ("status", False)


class HeldUp:
    """Stands for a watchdog that saw hopcheck held up in the first runs of a case."""

    def __init__(self, runs: int) -> None:
        self._left = runs

    def sentence(self, begun_ns: int, ended_ns: int, *, reads_clock: bool) -> str:
        self._left -= 1
        return "hopcheck itself was held up" if self._left >= 0 else ""


@pytest.mark.parametrize(
    ("runs", "fixed", "outcome", "asked"),
    [
        (0, False, Outcome.DEVIATES, 1),
        (1, False, Outcome.DEVIATES, 2),
        (2, False, Outcome.UNTESTABLE, 2),
        (1, True, Outcome.UNTESTABLE, 1),
    ],
)
def test_what_failed_while_it_was_held_up_is_asked_again(case, bench, runs, fixed, outcome, asked) -> None:
    seen = []

    @case("chat.late", level="MUST", refs=["a"], timed=True)
    async def late(target: Target) -> Findings:
        """It is in time."""
        seen.append((await target.chat.create()).status)
        yield expect("in time", False, equals=True)

    async def main() -> Outcome:
        async with RelayHost({"relay": Relay}, [late]) as host:
            nonces = (lambda _: iter(["0123456789a", "0123456789b"])) if fixed else None
            context = replace(host.context("relay"), watchdog=HeldUp(runs), nonces=nonces)
            (verdict,) = [one async for one in run([late], context)]
            return verdict.outcome

    assert (bench.alone(main), seen) == (outcome, [200] * asked)
