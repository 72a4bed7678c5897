"""The budget of what all requests hold: who waits, who is refused, and what parsed JSON takes."""

from __future__ import annotations

import asyncio

import pytest

from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.memory.budget import (
    SMALL_BYTES,
    UNCOUNTED,
    ByteBudget,
    HeldBytes,
    begin_holding,
    held_now,
)
from hopcheck_server.proxy.memory.parsed_size import BLOCK_BYTES, most_parsed_bytes, parsed_bytes

LIMIT = 4 * SMALL_BYTES


def test_what_is_held_is_counted_and_given_back() -> None:
    budget = ByteBudget(LIMIT, 1)
    held = begin_holding(budget)
    assert held_now() is held
    asyncio.run(held.take(300))
    held.count(50)
    held.free(100)
    assert (held.held, budget.used) == (250, 250)
    held.release()
    held.count(50)
    asyncio.run(held.take(50))
    held.free(10)
    assert (held.held, budget.used) == (0, 0)


def test_outside_of_requests_nothing_is_counted() -> None:
    UNCOUNTED.count(10)
    asyncio.run(UNCOUNTED.take(10))
    assert UNCOUNTED.held == 0


def test_a_quarter_is_for_small_requests() -> None:
    budget = ByteBudget(LIMIT, 1)
    first, second, small = HeldBytes(budget), HeldBytes(budget), HeldBytes(budget)
    first.count(LIMIT * 3 // 4)
    assert not budget.has_room(second, SMALL_BYTES + 1)
    assert budget.has_room(small, SMALL_BYTES)
    small.count(SMALL_BYTES)
    assert not budget.has_room(HeldBytes(budget), 1)


def test_one_large_request_is_always_let_in() -> None:
    budget = ByteBudget(LIMIT, 0.01)
    alone = HeldBytes(budget)
    asyncio.run(alone.take(10 * LIMIT))
    asyncio.run(alone.take(1))
    assert budget.used == 10 * LIMIT + 1


def test_two_that_are_half_read_do_not_wait_for_each_other() -> None:
    budget = ByteBudget(LIMIT, 60)
    first, second = HeldBytes(budget), HeldBytes(budget)
    first.count(2 * SMALL_BYTES)
    second.count(SMALL_BYTES + 1)
    assert not budget.has_room(second, 1)
    assert budget.has_room(first, LIMIT)
    first.release()
    assert budget.has_room(second, LIMIT)


def test_who_waits_is_served_in_turn() -> None:
    budget = ByteBudget(LIMIT, 60)
    first, second, third = (HeldBytes(budget) for _ in range(3))

    async def take_in_turn() -> list[str]:
        served: list[str] = []

        async def take(name: str, held: HeldBytes) -> None:
            await held.take(2 * SMALL_BYTES)
            served.append(name)

        await take("first", first)
        tasks = [asyncio.create_task(take("second", second)), asyncio.create_task(take("third", third))]
        await asyncio.sleep(0)
        assert served == ["first"]
        first.release()
        await tasks[0]
        assert served == ["first", "second"]
        second.release()
        await tasks[1]
        return served

    assert asyncio.run(take_in_turn()) == ["first", "second", "third"]
    assert budget.used == third.held == 2 * SMALL_BYTES


def test_who_waits_in_vain_gets_a_503_with_a_time() -> None:
    budget = ByteBudget(LIMIT, 0.01)
    HeldBytes(budget).count(LIMIT)
    with pytest.raises(ProxyError) as refused:
        asyncio.run(HeldBytes(budget).take(1))
    assert (refused.value.status, refused.value.code) == (503, "overloaded")
    assert refused.value.headers["retry-after"]
    assert budget.used == LIMIT


def test_who_gives_up_waiting_holds_nothing() -> None:
    budget = ByteBudget(LIMIT, 60)
    first, second = HeldBytes(budget), HeldBytes(budget)
    first.count(LIMIT)

    async def give_up() -> None:
        waiting = asyncio.create_task(second.take(5))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        first.release()

    asyncio.run(give_up())
    assert budget.used == 0


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b'"ab"', 4), ('"\u00e9"'.encode(), 10), (b'"\\u20ac"', 30), (b"[1,2]", 5 + 2 * 64), (b'{"a":{}}', 8 + 2 * 64)],
)
def test_what_parsed_json_takes(raw: bytes, expected: int) -> None:
    assert parsed_bytes(raw) == expected


LONG = b"a" * (3 * BLOCK_BYTES)


@pytest.mark.parametrize(
    ("raw", "wide"),
    [
        (b'["%b"]' % LONG, 0),
        (b'["\xf0\x9f\x98\x80%b"]' % LONG, 3),
        (b'["%b\\u20ac"]' % LONG, 3),
        (b'["%b\\"%b\\u20ac"]' % (LONG, LONG), 6),
        (b'["\xf0\x9f\x98\x80","%b","\xf0\x9f\x98\x80"]' % LONG, 0),
    ],
)
def test_one_emoji_makes_a_long_text_wide_and_no_other(raw: bytes, wide: int) -> None:
    exact = len(raw) + raw.count(b",") * 64 + 64
    assert exact + 4 * wide * BLOCK_BYTES - 100 < parsed_bytes(raw) < exact + (4 * wide + 5) * BLOCK_BYTES


@pytest.mark.parametrize("raw", [b"[" * 99, b"," * 99, '["\u00e9", {}, 1]'.encode(), b'"\\u20ac"', b"{}", b""])
def test_nothing_takes_more_than_the_most(raw: bytes) -> None:
    assert parsed_bytes(raw) <= most_parsed_bytes(raw) <= 69 * len(raw)


def test_what_is_brief_may_use_all_of_the_budget() -> None:
    budget = ByteBudget(LIMIT, 1)
    first, second = HeldBytes(budget), HeldBytes(budget)
    first.count(LIMIT // 2)
    second.count(LIMIT // 4)
    assert not budget.has_room(second, LIMIT // 4)
    assert budget.has_room(second, LIMIT // 4, briefly=True)
    assert not budget.has_room(second, LIMIT // 4 + 1, briefly=True)
