"""Cases ask limited gateways of several kinds, in virtual time: none is asked much more slowly than it allows."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

import pytest
from virtual_time import simulate

from hopcheck.client.pacing.pace import Pace

JOBS = 8
"""Cases that run at the same time."""


class Limiter(Protocol):
    def refuses(self, now: float) -> float:
        """0 if a request passes; else when the next one does, in seconds."""


class SlidingWindow:
    def __init__(self, requests: int, window_s: float) -> None:
        self._requests, self._window_s = requests, window_s
        self._passed: deque[float] = deque()

    def refuses(self, now: float) -> float:
        while self._passed and self._passed[0] <= now - self._window_s:
            self._passed.popleft()
        if len(self._passed) >= self._requests:
            return self._passed[0] + self._window_s - now
        self._passed.append(now)
        return 0.0


class FixedWindow:
    def __init__(self, requests: int, window_s: float) -> None:
        self._requests, self._window_s = requests, window_s
        self._window, self._passed = -1.0, 0

    def refuses(self, now: float) -> float:
        if now // self._window_s != self._window:
            self._window, self._passed = now // self._window_s, 0
        if self._passed >= self._requests:
            return (self._window + 1) * self._window_s - now
        self._passed += 1
        return 0.0


class TokenBucket:
    def __init__(self, per_s: float, size: float) -> None:
        self._per_s, self._size = per_s, size
        self._tokens, self._at = size, 0.0

    def refuses(self, now: float) -> float:
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_s
        self._tokens -= 1
        return 0.0


class Simulated(NamedTuple):
    took_s: float
    refusals: int


class Client:
    """Sends requests of cases to a limiter, as a session does."""

    def __init__(self, limiter: Limiter, *, announces: bool, lag_s: float, slow: float) -> None:
        self._limiter, self._announces = limiter, announces
        self._lag_s, self._slow = lag_s, slow
        self._clock = asyncio.get_running_loop().time
        self._processor, self._random = asyncio.Lock(), Random(1)
        self.pace = Pace(self._clock)

    async def ask(self) -> None:
        """Send a request until it passes."""
        while True:
            admitted_at = await self.pace.admit()
            async with self._processor:  # of a loaded machine
                await asyncio.sleep(self._random.expovariate(1 / self._lag_s) if self._lag_s else 0)
            wait_s = self._limiter.refuses(self._clock())
            await asyncio.sleep(2.0 if not wait_s and self._random.random() < self._slow else 0.003)
            if not wait_s:
                return self.pace.passed(admitted_at)
            self.pace.refused(admitted_at, max(1.0, math.ceil(wait_s)) if self._announces else None)
            self.pace.require_hope()


def simulated(
    limiter: Callable[[], Limiter], requests: int, *, announces: bool, lag_s: float = 0.0, slow: float = 0.0
) -> Simulated:
    async def main() -> Simulated:
        client = Client(limiter(), announces=announces, lag_s=lag_s, slow=slow)
        pending = iter(range(requests))

        async def work() -> None:
            for _ in pending:
                await client.ask()

        clock = asyncio.get_running_loop().time
        begun = clock()
        await asyncio.gather(*(work() for _ in range(JOBS)))
        return Simulated(clock() - begun, client.pace.refusals)

    return simulate(main)


BY_SECOND = {
    "20 in any second": (lambda: SlidingWindow(20, 1.0), 20),
    "20 in each second": (lambda: FixedWindow(20, 1.0), 20),
    "5 in any second": (lambda: SlidingWindow(5, 1.0), 5),
    "10 a second, 100 at once": (lambda: TokenBucket(10, 100), 10),
    "20 a second, 5 at once": (lambda: TokenBucket(20, 5), 20),
}

BY_MINUTE = {
    "60 in any minute": lambda: SlidingWindow(60, 60.0),
    "60 in each minute": lambda: FixedWindow(60, 60.0),
    "one a second, 60 at once": lambda: TokenBucket(1, 60),
}

MACHINES = {"quiet": {}, "loaded": {"lag_s": 0.03}, "loaded, slow heads": {"lag_s": 0.03, "slow": 0.05}}


@pytest.mark.parametrize("announces", [True, False], ids=["Retry-After", "silent"])
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", BY_SECOND)
def test_a_limit_by_the_second_costs_at_most_half_as_much_again(kind: str, machine: str, announces: bool) -> None:
    limiter, per_s = BY_SECOND[kind]
    found = simulated(limiter, 600, announces=announces, **MACHINES[machine])
    assert 0 < found.refusals <= 40
    assert found.took_s <= 1.5 * 600 / per_s + 30


@pytest.mark.parametrize("announces", [True, False], ids=["Retry-After", "silent"])
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", BY_MINUTE)
def test_so_does_a_limit_by_the_minute(kind: str, machine: str, announces: bool) -> None:
    found = simulated(BY_MINUTE[kind], 300, announces=announces, **MACHINES[machine])
    assert 0 < found.refusals <= 60
    assert found.took_s <= 1.5 * 300 + 30


def test_a_machine_that_asks_for_less_is_not_held_back() -> None:
    assert simulated(lambda: SlidingWindow(50, 1.0), 600, announces=True, lag_s=0.03).refusals == 0


def test_a_limit_that_lets_nothing_through_is_given_up() -> None:
    from hopcheck.client.responses import Untestable

    with pytest.raises(Untestable, match="lets no request through"):
        simulated(lambda: TokenBucket(1e-9, 0), 10, announces=False)
