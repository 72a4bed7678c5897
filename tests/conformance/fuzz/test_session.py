"""A session of searches: stopped, out of time, on a target that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from hopcheck import Relay, RelayedResponse
from hopcheck.authoring.findings import Outcome, Verdict
from hopcheck.client.config import TargetConfig
from hopcheck.engine.run import RunContext
from hopcheck.engine.sessions import hold
from hopcheck.fuzz import fuzz_cases as sessions
from hopcheck.fuzz.fuzz_cases import Amount, Fuzzing
from hopcheck.fuzz.operations import MODELS, OWN, ROUTES, WALK, WELL, Operation
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay.messages import IncomingRequest


class AnswersEverything(Relay):
    """Nothing is refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], b"{}")


def searched(
    operations: Sequence[Operation],
    amount: Amount,
    *,
    relay: type[Relay] = Relay,
    stop_after: int = 0,
    base_url: str = "",
) -> tuple[list[Verdict], Fuzzing]:
    """The verdicts of a session, and the session; with `stop_after`, it is stopped by then."""

    async def main() -> tuple[list[Verdict], Fuzzing]:
        async with RelayHost({"relay": relay}, []) as bench:
            setting: RunContext = bench.context("relay")
            setting = replace(setting, config=replace(setting.config, base_url=base_url or setting.config.base_url))
            session, stopped, loop = Fuzzing(operations, amount), asyncio.Event(), asyncio.get_running_loop()

            def told(_case_id: str, played: int, _total: int) -> None:
                if stop_after and played >= stop_after:
                    loop.call_soon_threadsafe(stopped.set)

            session.told = told
            return [one async for one in hold(session, setting, (), stopped, lambda _case: None)], session

    return asyncio.run(main())


def test_a_search_that_is_stopped_keeps_what_it_learnt() -> None:
    (verdict,), _ = searched([MODELS, ROUTES], Amount(1_000_000), stop_after=3)
    assert (verdict.case_id, verdict.outcome) == ("fuzz.models", Outcome.CONFORMS)
    assert verdict.notes[0].endswith("(of 250,000, seed 1); stopped")


def test_what_is_found_is_kept_with_its_example() -> None:
    (verdict,), session = searched([MODELS], Amount(4), relay=AnswersEverything)
    assert verdict.outcome is Outcome.DEVIATES
    (found,) = session.found
    assert found.finding.check == "the answer fits the contract"
    assert found.finding in verdict.failed
    assert found.example.size[0] < 100
    assert "hopcheck gate --example" in verdict.notes[1]


def test_each_operation_has_its_share_of_the_time() -> None:
    session = Fuzzing([MODELS, ROUTES], Amount(1, within_s=1000))
    session.begin(RunContext(TargetConfig(name="nobody", base_url=""), None), (), asyncio.Event())
    shares = [session._time_for(one) for one in (MODELS, ROUTES)]
    assert shares == [pytest.approx(500, abs=60), pytest.approx(1000, abs=60)]  # the first took none of its own


def test_a_search_ends_when_its_time_is_over() -> None:
    verdicts, _ = searched([MODELS, ROUTES], Amount(1_000_000, within_s=0.2))
    assert [one.case_id for one in verdicts] == ["fuzz.models", "fuzz.routes"]
    assert all("the time is over" in one.notes[0] for one in verdicts)


def test_a_target_that_is_not_there_cannot_be_asked() -> None:
    verdicts, _ = searched([MODELS], Amount(4), base_url="http://127.0.0.1:1/v1")
    assert [one.outcome for one in verdicts] == [Outcome.UNTESTABLE]


DiesOfGarbage = next(one.relay for one in all_cases()["timeout.after-alive"].mutants if one.name == "DiesOfGarbage")


def test_walks_find_what_no_single_request_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "WELL_WITHIN_S", 0.3)
    (verdict,), session = searched([WALK], Amount(1000, seed=3), relay=DiesOfGarbage)
    (failed,) = verdict.failed
    assert (verdict.outcome, failed.check) == (Outcome.DEVIATES, WELL)
    assert str(failed.actual).startswith("a healthy request got nothing")
    assert "(of 60, seed 3) until one failed" in verdict.notes[0]
    assert verdict.notes[1].endswith("for which the provider has a stream with garbage")
    assert searched([WALK], Amount(1000, seed=3), relay=DiesOfGarbage)[0][0].notes == verdict.notes
    assert session.found == []  # walks are made again by their seed, and not written to files


def test_the_healthy_relay_gets_through_walks() -> None:
    (verdict,), _ = searched([WALK], Amount(33))
    assert verdict.outcome is Outcome.CONFORMS
    assert [one.check for one in verdict.findings] == [WELL, OWN]
    assert verdict.notes == ("2 walks (of 2, seed 1)",)


def test_walks_that_are_stopped_keep_what_they_learnt() -> None:
    (verdict,), _ = searched([WALK], Amount(1_000_000), stop_after=1)
    assert verdict.outcome is Outcome.CONFORMS
    assert verdict.notes[0].endswith("walks (of 60,000, seed 1); stopped")


def test_walks_without_time_are_none() -> None:
    (verdict,), _ = searched([WALK], Amount(1_000_000, within_s=0.001))
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, "no walk was made: the time is over")
