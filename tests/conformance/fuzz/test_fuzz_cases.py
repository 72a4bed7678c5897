"""Fuzz cases: stopped, out of time, and on a target that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from hopcheck import Relay, RelayedResponse
from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import RunContext
from hopcheck.engine.sequential_cases import run_sequentially
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.fuzz import fuzz_cases
from hopcheck.fuzz.fuzz_cases import ExampleBudget, FuzzSearches
from hopcheck.fuzz.operations import INVARIANTS, MODELS, RECOVERY, ROUTES, SEPARATION, SEQUENCES, FuzzedOperation
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay.messages import IncomingRequest


class AnswersEverything(Relay):
    """Nothing is refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], b"{}")


def searched(
    operations: Sequence[FuzzedOperation],
    budget: ExampleBudget,
    *,
    relay: type[Relay] = Relay,
    stop_after: int = 0,
    base_url: str = "",
) -> tuple[list[Verdict], FuzzSearches]:
    """The verdicts of a session, and the session; with `stop_after`, it is stopped by then."""

    async def main() -> tuple[list[Verdict], FuzzSearches]:
        async with RelayHost({"relay": relay}, []) as bench:
            context: RunContext = bench.context("relay")
            context = replace(context, config=replace(context.config, base_url=base_url or context.config.base_url))
            session, stopped, loop = FuzzSearches(operations, budget), asyncio.Event(), asyncio.get_running_loop()

            def progress(_case_id: str, played: int, _total: int) -> None:
                if stop_after and played >= stop_after:
                    loop.call_soon_threadsafe(stopped.set)

            session.progress = progress
            return [one async for one in run_sequentially(session, context, (), stopped, lambda _case: None)], session

    return asyncio.run(main())


def test_a_stopped_search_keeps_its_findings() -> None:
    (verdict,), _ = searched([MODELS, ROUTES], ExampleBudget(1_000_000), stop_after=3)
    assert (verdict.case_id, verdict.outcome) == ("fuzz.models", Outcome.CONFORMS)
    assert verdict.notes[0].endswith("(of 250,000, seed 1); stopped")


def test_a_finding_is_kept_with_its_example() -> None:
    (verdict,), session = searched([MODELS], ExampleBudget(4), relay=AnswersEverything)
    assert verdict.outcome is Outcome.DEVIATES
    (found,) = session.found
    assert found.finding.check == "the answer fits the contract"
    assert found.finding in verdict.failed
    assert found.example.size[0] < 100
    assert "hopcheck gate --example" in verdict.notes[1]


def test_each_operation_has_its_share_of_the_time() -> None:
    session = FuzzSearches([MODELS, ROUTES], ExampleBudget(1, within_s=1000))
    session.begin(RunContext(TargetConfig(name="nobody", base_url=""), None), (), asyncio.Event())
    shares = [session._time_for(one) for one in (MODELS, ROUTES)]
    assert shares == [pytest.approx(500, abs=60), pytest.approx(1000, abs=60)]  # the first took none of its own


def test_a_search_ends_when_its_time_is_over() -> None:
    verdicts, _ = searched([MODELS, ROUTES], ExampleBudget(1_000_000, within_s=0.2))
    assert [one.case_id for one in verdicts] == ["fuzz.models", "fuzz.routes"]
    assert all("the time is over" in one.notes[0] for one in verdicts)


def test_a_missing_target_is_untestable() -> None:
    verdicts, _ = searched([MODELS], ExampleBudget(4), base_url="http://127.0.0.1:1/v1")
    assert [one.outcome for one in verdicts] == [Outcome.UNTESTABLE]


DiesOfGarbage = next(one.relay for one in all_cases()["timeout.after-alive"].mutants if one.name == "DiesOfGarbage")


def test_sequences_find_what_no_single_request_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_cases, "RECOVERY_TIME_S", 0.3)
    (verdict,), session = searched([SEQUENCES], ExampleBudget(1000, seed=3), relay=DiesOfGarbage)
    (failed,) = verdict.failed
    assert (verdict.outcome, failed.check) == (Outcome.DEVIATES, RECOVERY)
    assert str(failed.actual).startswith("a healthy request got nothing")
    assert "(of 60, seed 3) until one failed" in verdict.notes[0]
    assert verdict.notes[1].endswith("for which the provider has a stream with garbage")
    assert searched([SEQUENCES], ExampleBudget(1000, seed=3), relay=DiesOfGarbage)[0][0].notes == verdict.notes
    assert session.found == []  # sequences are run again by their seed, and not written to files


def test_the_healthy_relay_passes_sequences() -> None:
    (verdict,), _ = searched([SEQUENCES], ExampleBudget(33))
    assert verdict.outcome is Outcome.CONFORMS
    assert [one.check for one in verdict.findings] == [RECOVERY, SEPARATION, INVARIANTS]
    assert verdict.notes == ("2 sequences (of 2, seed 1)",)


def test_stopped_sequences_keep_their_findings() -> None:
    (verdict,), _ = searched([SEQUENCES], ExampleBudget(1_000_000), stop_after=1)
    assert verdict.outcome is Outcome.CONFORMS
    assert verdict.notes[0].endswith("sequences (of 60,000, seed 1); stopped")


def test_sequences_without_time_are_untestable() -> None:
    (verdict,), _ = searched([SEQUENCES], ExampleBudget(1_000_000, within_s=0.001))
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, "no sequence was completed: the time is over")
