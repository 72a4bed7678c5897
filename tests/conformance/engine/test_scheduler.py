"""Which cases run at the same time, and how a run ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, reply
from hopcheck.client.config import Declares
from hopcheck.engine import run as engine
from hopcheck.engine.run import run
from hopcheck.engine.scheduler import phases
from hopcheck.engine.verdict import Outcome
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.tasks import following


def named(case, case_id: str, isolation: str | None = None, *, needs: tuple[str, ...] = (), act=None, **more):
    async def function(target: Target) -> Findings:
        """It runs."""
        if act:
            await act(case_id)
        yield expect("it", 1, equals=1)

    return case(case_id, level="MUST", refs=["a"], needs=needs, isolation=isolation, **more)(function)


def test_cases_are_sorted_into_phases(case) -> None:
    cases = [
        named(case, "stream.late", "cooldown", timed=True),
        named(case, "stream.paced", "paced"),
        named(case, "stream.flood", "exclusive", floods=True, needs=("rate_limit",)),
        named(case, "rate_limit.b", needs=("rate_limit",)),
        named(case, "rate_limit.a", needs=("concurrency_limit",)),
        named(case, "chat.b", needs=("fallback",)),
        named(case, "chat.a"),
    ]
    found = list(phases([*cases, named(case, "rate_limit.c", "recovery", needs=("rate_limit",))]))
    ids = [[[case.id for case in lane] for lane in (phase.shared, phase.serial) if lane] for phase in found]
    assert ids == [
        [["chat.a", "chat.b"], ["rate_limit.a", "rate_limit.b"]],
        [["stream.paced"]],
        [["stream.flood"]],
        [["stream.late"]],
        [["rate_limit.c"]],
    ]
    assert [phase.settles for phase in found] == [False, False, False, True, False]


def test_those_that_wait_longest_begin_first(case) -> None:
    pauses = {"chat.a": 0.0, "chat.b": 0.1, "chat.c": 0.5}
    cases = [named(case, name, upstream=reply.stream("a", "b", pace_s=pause)) for name, pause in pauses.items()]
    first, *_ = phases([*cases, named(case, "chat.d", needs=("timeout_s",))])
    assert [one.id for one in first.shared] == ["chat.d", "chat.c", "chat.b", "chat.a"]


def test_limits_and_exclusive_cases_run_one_by_one(case, bench) -> None:
    going: Counter[str] = Counter()
    running: dict[str, Counter[str]] = {}
    limit_goes_on = asyncio.Event()

    async def act(case_id: str) -> None:
        area = case_id.partition(".")[0]
        going[area] += 1
        running[case_id] = +going
        if area == "rate_limit":
            limit_goes_on.set()
        elif area == "chat":
            await limit_goes_on.wait()  # a run that puts limits after the rest would never end
        for _ in range(5):
            await asyncio.sleep(0)
        going[area] -= 1

    cases = [named(case, f"chat.{letter}", act=act) for letter in "abcd"]
    cases += [named(case, f"rate_limit.{letter}", "rate_window", act=act) for letter in "ab"]
    cases += [named(case, f"stream.{letter}", "paced", act=act) for letter in "pq"]
    cases += [named(case, "stream.t", "exclusive", act=act), named(case, "stream.h", "exclusive", floods=True, act=act)]
    begun: list[str] = []
    verdicts = bench.judge(cases, jobs=3, begun=lambda case: begun.append(case.id))
    assert set(verdicts) == {case.id for case in cases} == set(begun)
    assert all(count["rate_limit"] <= 1 and count["chat"] <= 3 for count in running.values())
    assert max(count["chat"] for count in running.values()) == 3
    assert running["stream.q"] == {"stream": 2}
    assert running["stream.t"] == running["stream.h"] == {"stream": 1}
    assert begun[-2:] == ["stream.h", "stream.t"]


class CountsRequests(Relay):
    """Healthy; remembers who asked, and may rest a provider."""

    declares: ClassVar = {"rests": True}
    seen: ClassVar[list[str]] = []

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        content = (incoming.json or {}).get("messages", [{}])[-1].get("content", "")
        self.seen.append(Marker.find(content.encode()).case)
        return None


def test_cooldown_cases_come_last_each_after_a_healthy_request(case, bench) -> None:
    async def function(target: Target) -> Findings:
        """It asks."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    cases = [case(f"errors.{name}", level="MUST", refs=["a"], isolation="cooldown")(function) for name in "ab"]
    cases.append(case("retry.z", level="MUST", refs=["a"])(function))
    CountsRequests.seen.clear()
    bench.judge(cases, CountsRequests)
    assert CountsRequests.seen == ["retry.z", "hopcheck", "errors.a", "hopcheck", "errors.b"]


def test_where_nothing_rests_cooldown_cases_share_the_target(case) -> None:
    cases = [named(case, "errors.a", "cooldown"), named(case, "errors.b", "cooldown"), named(case, "stream.c")]
    first, _, _, cooling, _ = phases(cases, rests=False)
    assert [one.id for one in first.shared] == ["stream.c"]
    assert ([one.id for one in cooling.shared], cooling.serial, cooling.settles) == (
        ["errors.a", "errors.b"],
        (),
        False,
    )


def test_providers_rest_apart_and_exclusive_cases_run_alone(case, monkeypatch) -> None:
    both_rest, going = asyncio.Barrier(2), Counter[str]()

    async def pretended(one: Any, _: Any, *, settle: bool) -> Any:
        going[one.id] += 1
        assert one.id != "stream.alone" or going.total() == 1
        await (both_rest.wait() if settle else asyncio.sleep(0))
        going[one.id] -= 1
        return SimpleNamespace(at=lambda provider: f"{one.id}@{provider}", outcome=Outcome.CONFORMS)

    monkeypatch.setattr(engine, "run_case", pretended)
    cases = [named(case, "stream.alone", "exclusive"), named(case, "errors.rest", "cooldown")]
    contexts = [SimpleNamespace(config=SimpleNamespace(provider=name, declares=Declares()), shared={}) for name in "ab"]

    async def main() -> list[Any]:
        parts = [engine.CasesOfProvider(cases, context) for context in contexts]
        return [verdict async for verdict in engine.run_providers(parts)]

    verdicts = asyncio.run(main())
    assert verdicts[:2] == ["stream.alone@a", "stream.alone@b"]
    assert sorted(verdicts[2:]) == ["errors.rest@a", "errors.rest@b"]


def test_a_worker_that_crashes_ends_the_run(case, bench, monkeypatch) -> None:
    async def crash(*_, **__):
        raise ZeroDivisionError("outside of any case")

    monkeypatch.setattr(engine, "run_case", crash)
    with pytest.raises(ZeroDivisionError, match="outside of any case"):
        bench.judge([named(case, f"chat.{letter}") for letter in "abc"])


def test_workers_that_are_cancelled_end_the_run(case, bench, monkeypatch) -> None:
    async def cancelled(*_, **__):
        raise asyncio.CancelledError

    monkeypatch.setattr(engine, "run_case", cancelled)
    with pytest.raises(RuntimeError, match="workers have ended"):
        bench.judge([named(case, "chat.a")])


def test_verdicts_that_were_made_before_a_crash_are_yielded(case, bench) -> None:
    async def main() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def work() -> None:
            queue.put_nowait(1)
            queue.put_nowait(2)
            raise ZeroDivisionError

        worker = asyncio.create_task(work())
        got = [await following(queue, [worker]), await following(queue, [worker])]
        with pytest.raises(ZeroDivisionError):
            await following(queue, [worker])
        return got

    assert bench.alone(main) == [1, 2]


class HangsOnLimits(Relay):
    """A limited model never answers."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model == "limited-model":
            await incoming.exchange.gone.wait()
        return None


def test_a_run_that_is_left_early_leaves_nothing_behind(case, bench) -> None:
    async def hang(case_id: str) -> None:
        await asyncio.Event().wait()

    async def bursts(target: Target) -> Findings:
        """It waits for the burst."""
        yield expect("denied", len((await target.burst()).denied), equals=2)

    cases = [named(case, "chat.a"), named(case, "chat.b", act=hang), named(case, "chat.c", act=hang)]
    cases.append(case("rate_limit.a", level="MUST", refs=["a"], needs=["rate_limit"])(bursts))

    async def main() -> str:
        async with RelayHost({"relay": HangsOnLimits}, cases) as made:
            async with aclosing(run(cases, made.context("relay"))) as verdicts:
                first = await anext(verdicts)
                await asyncio.sleep(0)
            return first.case_id

    assert bench.alone(main) == "chat.a"
