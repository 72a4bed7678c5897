"""A session of searches: stopped, out of time, on a target that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hopcheck import Relay, Response
from hopcheck.bench import Bench
from hopcheck.engine import Setting
from hopcheck.fuzz.operations import MODELS, ROUTES, Operation
from hopcheck.fuzz.session import Amount, Fuzzing
from hopcheck.sessions import hold
from hopcheck_contracts.findings import Outcome, Verdict
from hopcheck_server.relay.messages import Incoming


class AnswersEverything(Relay):
    """Nothing is refused."""

    async def check(self, incoming: Incoming) -> Response | None:
        return Response(incoming, 200, [("Content-Type", "application/json")], b"{}")


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
        async with Bench({"relay": relay}, []) as bench:
            setting: Setting = bench.setting("relay")
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
    verdicts, _ = searched([MODELS, ROUTES], Amount(1_000_000, within_s=0.6))
    assert [one.outcome for one in verdicts] == [Outcome.CONFORMS] * 2
    assert all("the time is over" in one.notes[0] for one in verdicts)


def test_a_target_that_is_not_there_cannot_be_asked() -> None:
    verdicts, _ = searched([MODELS], Amount(4), base_url="http://127.0.0.1:1/v1")
    assert [one.outcome for one in verdicts] == [Outcome.UNTESTABLE]
