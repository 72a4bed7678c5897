"""How long a wait for news lasts, where one timer is kept for all waits."""

from __future__ import annotations

import asyncio

import pytest
from virtual_time import simulate

from hopcheck_server.wire.timer import News


async def announced_after(news: News, pause_s: float, limit_s: float | None) -> tuple[bool, float]:
    """Wait for news that come after a pause; gives whether they came in time, and how long it took."""
    loop = asyncio.get_running_loop()
    began, announcing = loop.time(), loop.call_later(pause_s, news.announce)
    in_time = await news.wait(limit_s)
    announcing.cancel()
    return in_time, round(loop.time() - began, 2)


def test_each_wait_has_its_own_limit() -> None:
    waits = [(1, 10), (3, 2), (1, 10), (9, 10), (11, 10), (3, 2), (1, 2), (100, 5), (4, 50), (60, 50)]

    async def all_of_them() -> list[tuple[bool, float]]:
        news = News()
        return [await announced_after(news, pause_s, limit_s) for pause_s, limit_s in waits]

    assert simulate(all_of_them) == [(pause_s <= limit_s, min(pause_s, limit_s)) for pause_s, limit_s in waits]


def test_the_timer_of_a_wait_ends_no_later_one() -> None:
    async def with_a_limit_then_without() -> list[tuple[bool, float]]:
        news = News()
        return [await announced_after(news, 1, 10), await announced_after(news, 100, None)]

    assert simulate(with_a_limit_then_without) == [(True, 1), (True, 100)]


def test_many_waits_take_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def timers_of_waits(number: int) -> int:
        news, loop, count = News(), asyncio.get_running_loop(), 0
        call_later = loop.call_later

        def counted(*words: object) -> asyncio.TimerHandle:
            nonlocal count
            count += 1
            return call_later(*words)  # type: ignore[arg-type]

        monkeypatch.setattr(loop, "call_later", counted)
        for _ in range(number):
            loop.call_soon(news.announce)
            assert await news.wait(10)
        news.close()
        return count

    assert simulate(lambda: timers_of_waits(50)) == 1


def test_news_that_nobody_waits_for_are_forgotten() -> None:
    async def announced_before() -> tuple[bool, float]:
        news = News()
        news.announce()
        return await announced_after(news, 30, 20)

    assert simulate(announced_before) == (False, 20)
