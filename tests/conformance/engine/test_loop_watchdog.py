"""Stalls of the event loop are noticed, with what caused them."""

from __future__ import annotations

import asyncio
import time

from hopcheck.engine.loop_watchdog import LoopWatchdog, Stall


def hold_up_the_loop(watchdog: LoopWatchdog, late_s: float) -> None:
    """Block until the watchdog's thread has looked at this function."""
    begun = time.monotonic()
    while not watchdog._where or time.monotonic() - begun < 2 * late_s:
        pass


def test_a_stall_is_noticed_with_the_function_that_caused_it() -> None:
    async def main() -> list[Stall]:
        async with LoopWatchdog(late_s=0.05) as watchdog:
            begun_ns = time.monotonic_ns()
            hold_up_the_loop(watchdog, 0.05)
            return watchdog.during(begun_ns, time.monotonic_ns())

    (stall,) = asyncio.run(main())
    assert stall.duration_s >= 0.05
    assert "hold_up_the_loop" in stall.where


def test_stalls_count_for_the_time_that_they_overlap() -> None:
    watchdog = LoopWatchdog()
    watchdog._beat_ns = time.monotonic_ns()
    watchdog.stalls = [Stall(100, 200), Stall(300, 400)]
    assert watchdog.during(150, 160) == [Stall(100, 200)]
    assert watchdog.during(200, 300) == []
    assert watchdog.during(0, 1000) == [Stall(100, 200), Stall(300, 400)]


def test_a_loop_that_only_waits_is_not_held_up() -> None:
    async def main() -> list[Stall]:
        async with LoopWatchdog(late_s=5.0) as watchdog:
            for _ in range(100):
                await asyncio.sleep(0)
            return watchdog.stalls

    assert asyncio.run(main()) == []
