"""What paced answers wait for: alarms that ring at their time, and one clock for all who wait."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from time import monotonic

import pytest
import uvloop

from hopcheck_server.upstream.playback.clock import SLACK_S, Clock
from hopcheck_server.wire import timer as alarms
from hopcheck_server.wire.timer import KernelAlarm, LoopAlarm, alarm

EARLY_S = 0.001
"""How much too early a loop's own timer may ring: loops keep whole milliseconds."""

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")
BOTH = [LoopAlarm, pytest.param(KernelAlarm, marks=ON_LINUX)]


def run(loop, main):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        return runner.run(asyncio.wait_for(main(), 20))


def descriptors():
    return len(list(Path("/dev/fd").iterdir()))


class Bell:
    """Notes when it rang."""

    def __init__(self):
        self.times = []
        self.rang = asyncio.Event()

    def ring(self):
        self.times.append(monotonic())
        self.rang.set()


@pytest.mark.parametrize("kind", BOTH)
def test_an_alarm_rings_at_its_time_and_once(loop, kind):
    async def main():
        bell = Bell()
        made = kind(bell.ring)
        at = monotonic() + 0.02
        made.set(at)
        await bell.rang.wait()
        await asyncio.sleep(0.01)
        made.close()
        assert len(bell.times) == 1
        assert bell.times[0] >= at - EARLY_S

    run(loop, main)


@pytest.mark.parametrize("kind", BOTH)
def test_an_alarm_that_is_set_anew_rings_only_then(loop, kind):
    async def main():
        bell = Bell()
        made = kind(bell.ring)
        made.set(monotonic() + 0.002)
        at = monotonic() + 0.02
        made.set(at)
        await bell.rang.wait()
        made.close()
        assert len(bell.times) == 1
        assert bell.times[0] >= at - EARLY_S

    run(loop, main)


@pytest.mark.parametrize("kind", BOTH)
def test_an_alarm_for_a_time_that_has_passed_rings_soon(loop, kind):
    async def main():
        bell = Bell()
        made = kind(bell.ring)
        made.set(monotonic() - 1)
        await bell.rang.wait()
        made.set(0.0)
        bell.rang.clear()
        await bell.rang.wait()
        made.close()
        return len(bell.times)

    assert run(loop, main) == 2


@pytest.mark.parametrize("kind", BOTH)
def test_a_closed_alarm_is_silent_and_holds_nothing(loop, kind):
    async def main():
        gc.collect()  # what earlier tests left behind may hold some
        before = descriptors()
        bell = Bell()
        made = kind(bell.ring)
        made.set(monotonic() + 0.005)
        made.close()
        await asyncio.sleep(0.015)
        assert descriptors() <= before  # what earlier tests left may be closed meanwhile
        return bell.times

    assert run(loop, main) == []


def test_where_the_kernel_has_none_the_loop_has_one(monkeypatch):
    def none(*_, **__):
        return object()  # a C library without the functions

    async def main():
        made = alarm(lambda: None)
        made.close()
        return type(made)

    monkeypatch.setattr(alarms.ctypes, "CDLL", none)
    assert run("asyncio", main) is LoopAlarm


class Waiter:
    """Notes when it was woken, and may wait again."""

    def __init__(self, woken, name, *, mistaken=False):
        self.due = 0.0
        self._woken, self._name, self._mistaken = woken, name, mistaken

    def step(self):
        self._woken.append((self._name, monotonic()))
        if self._mistaken:
            raise ValueError(self._name)


async def until(condition):
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def test_all_are_woken_in_the_order_of_their_times(loop):
    async def main():
        clock, woken = Clock(), []
        start = monotonic()
        after_s = {"c": 0.03, "a": 0.01, "b": 0.02, "d": 0.03, "e": 0.03}
        for name, wait_s in after_s.items():
            clock.wake(Waiter(woken, name), start + wait_s)
        await until(lambda: len(woken) == len(after_s))
        clock.close()
        assert [name for name, _ in woken] == ["a", "b", "c", "d", "e"]
        assert all(at >= start + after_s[name] - SLACK_S - EARLY_S for name, at in woken)

    run(loop, main)


def test_who_changed_his_mind_is_woken_at_the_new_time_only():
    async def main():
        clock, woken = Clock(), []
        waiter, other = Waiter(woken, "late"), Waiter(woken, "stopped")
        start = monotonic()
        clock.wake(waiter, start + 0.005)
        clock.wake(other, start + 0.005)
        clock.wake(waiter, start + 0.02)
        other.due = 0.0
        await until(lambda: bool(woken))
        await asyncio.sleep(0.01)
        clock.close()
        assert [name for name, _ in woken] == ["late"]
        assert woken[0][1] >= start + 0.02 - SLACK_S - EARLY_S

    run("asyncio", main)


def test_a_mistake_of_one_delays_no_other():
    async def main():
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        clock, woken = Clock(), []
        start = monotonic()
        clock.wake(Waiter(woken, "wrong", mistaken=True), start + 0.005)
        clock.wake(Waiter(woken, "right"), start + 0.005)
        await until(lambda: len(woken) == 2)
        clock.close()
        return [name for name, _ in woken], [str(error) for error in reported]

    assert run("asyncio", main) == (["wrong", "right"], ["wrong"])


def test_a_closed_clock_wakes_nobody():
    async def main():
        clock, woken = Clock(), []
        clock.wake(Waiter(woken, "a"), monotonic() + 0.005)
        clock.close()
        await asyncio.sleep(0.015)
        return woken

    assert run("asyncio", main) == []
