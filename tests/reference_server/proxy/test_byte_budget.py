"""The budget of what all requests hold: who waits, who is refused, and that everything is given back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from raw_upstream import (
    COMPLETION,
    DONE,
    HELLO,
    STOP,
    STREAM,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    ask,
    chunk,
    data_of,
    frame,
    response,
    says_json,
    streams,
)

from hopcheck_server.proxy.adapters.transports import connection as upstream_connection
from hopcheck_server.proxy.adapters.transports.connection import MAX_TIGHT_BYTES, MAX_WAITING_BYTES, UpstreamConnection
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.memory.budget import (
    SMALL_BYTES,
    UNCOUNTED,
    ByteBudget,
    HeldBytes,
    begin_holding,
    held_now,
)
from hopcheck_server.proxy.memory.parsed_size import BLOCK_BYTES, parsed_bytes
from hopcheck_server.wire.responses import RawResponse

LIMIT = 4 * SMALL_BYTES
CHAT_PATH = "/v1/chat/completions"
Start = Callable[..., httpx2.Client]


def chat(size: int, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "x" * size}], **more}


LARGE = chat(SMALL_BYTES + 1)

# The budget itself.


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


def test_what_is_brief_may_use_all_of_the_budget() -> None:
    budget = ByteBudget(LIMIT, 1)
    first, second = HeldBytes(budget), HeldBytes(budget)
    first.count(LIMIT // 2)
    second.count(LIMIT // 4)
    assert not budget.has_room(second, LIMIT // 4)
    assert budget.has_room(second, LIMIT // 4, briefly=True)
    assert not budget.has_room(second, LIMIT // 4 + 1, briefly=True)


# The proxy.


def holds_large(turn_is_large: Callable[[Turn], bool]) -> Callable[[Turn], Any]:
    """A provider that answers small requests at once, and large ones with a test's permission."""

    async def script(turn: Turn) -> None:
        if turn_is_large(turn):
            turn.upstream.reached.set()
            await turn.upstream.permission()
        await turn.say(response(json.dumps(COMPLETION).encode()))

    return script


def is_large(turn: Turn) -> bool:
    return len(turn.received.body) > SMALL_BYTES


def test_large_requests_together_are_bounded_and_small_ones_pass(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=LIMIT * 5 // 8, connect_timeout_s=0.2)
    upstream.script = holds_large(is_large)
    with ask(client, LARGE) as first:
        assert upstream.reached.wait(20)
        refused = client.post(CHAT_PATH, json=LARGE)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
        assert client.post(CHAT_PATH, json=chat(10)).status_code == 200
        assert len(upstream.received) == 2
        upstream.permit()
        assert first.recv(100).startswith(b"HTTP/1.1 200")
    upstream.permit()
    assert client.post(CHAT_PATH, json=LARGE).status_code == 200


def test_a_body_without_a_length_is_counted_as_it_comes(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=LIMIT * 5 // 8, connect_timeout_s=0.2)
    upstream.script = holds_large(is_large)
    raw = json.dumps(LARGE).encode()
    pieces = [raw[at : at + 10_000] for at in range(0, len(raw), 10_000)]
    with ask(client, LARGE) as first:
        assert upstream.reached.wait(20)
        refused = client.post(CHAT_PATH, content=iter(pieces), headers={"content-type": "application/json"})
        assert refused.status_code == 503
        upstream.permit()
        assert first.recv(100).startswith(b"HTTP/1.1 200")
    upstream.permit()
    allowed = client.post(CHAT_PATH, content=iter(pieces), headers={"content-type": "application/json"})
    assert allowed.status_code == 200


def test_what_can_never_be_parsed_is_refused(start: Start, upstream: RawUpstream) -> None:
    wide = chat(LIMIT // 5)
    wide["messages"][0]["content"] += "\N{GRINNING FACE}"
    raw = json.dumps(wide, ensure_ascii=False).encode()
    refused = start(max_held_bytes=LIMIT).post(CHAT_PATH, content=raw)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "request_too_large")
    assert not upstream.received


def test_a_client_that_leaves_gives_back_what_it_held(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=LIMIT * 5 // 8, connect_timeout_s=20)

    async def until_hangup(turn: Turn) -> None:
        turn.upstream.reached.set()
        await turn.until_hangup()

    upstream.script = until_hangup
    with ask(client, LARGE):
        assert upstream.reached.wait(20)
    assert upstream.hung_up.wait(20)
    upstream.script = says_json(COMPLETION)
    assert client.post(CHAT_PATH, json=LARGE).status_code == 200


def test_responses_are_counted_as_well(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=LIMIT * 5 // 8, connect_timeout_s=0.2)
    long = {**COMPLETION, "note": "x" * SMALL_BYTES}
    upstream.script = holds_large(is_large)
    with ask(client, LARGE) as first:
        assert upstream.reached.wait(20)
        upstream.script = says_json(long)
        refused = client.post(CHAT_PATH, json=chat(10))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        upstream.permit()
        assert first.recv(100).startswith(b"HTTP/1.1 200")
    assert client.post(CHAT_PATH, json=chat(10)).json() == long


def test_the_beginning_of_a_long_event_is_counted(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=LIMIT * 5 // 8, connect_timeout_s=0.2)
    long = chunk({"content": "x" * SMALL_BYTES * 2})
    upstream.script = holds_large(is_large)
    with ask(client, LARGE) as first:
        assert upstream.reached.wait(20)
        upstream.script = streams(HELLO, long, STOP, DONE)
        cut = data_of(client.post(CHAT_PATH, json=STREAM).text)
        assert json.loads(cut[-1])["error"]["code"] == "overloaded"
        upstream.permit()
        assert first.recv(100).startswith(b"HTTP/1.1 200")
    whole = data_of(client.post(CHAT_PATH, json=STREAM).text)
    assert len(whole) == 4
    assert whole[-1] == "[DONE]"


def test_of_a_stream_that_nobody_reads_little_is_held(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=8 * LIMIT)
    sent = 0

    async def send_until_it_waits(turn: Turn) -> None:
        nonlocal sent
        block = frame(chunk({"content": "x" * 1000}) * 60)
        await turn.say(STREAM_HEAD)
        with suppress(TimeoutError):
            while sent < 100_000_000:
                async with asyncio.timeout(1):  # nobody reads: what waits longer than that isn't taken
                    await turn.say(block)
                sent += len(block)
        turn.upstream.reached.set()

    upstream.script = send_until_it_waits
    with ask(client, STREAM):
        assert upstream.reached.wait(60)
    assert sent < 30_000_000  # the kernel's own buffers are most of it


@pytest.mark.parametrize(("used", "most"), [(0, MAX_WAITING_BYTES), (LIMIT, MAX_TIGHT_BYTES)])
def test_a_connection_is_read_ahead_less_where_memory_is_short(
    used: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Paused:
        is_paused = False

        def pause_reading(self) -> None:
            self.is_paused = True

        def resume_reading(self) -> None:
            self.is_paused = False

    budget, transport = ByteBudget(LIMIT, 1), Paused()
    HeldBytes(budget).count(used)
    connection = UpstreamConnection()
    monkeypatch.setattr(connection, "_transport", transport)
    connection.held, answer = HeldBytes(budget), RawResponse(bodiless=False)
    monkeypatch.setattr(connection, "_answer", answer)
    connection._keep(answer, [b"x" * (most - upstream_connection.PIECE_BYTES)])
    assert not transport.is_paused
    connection._keep(answer, [b"y", b"z"])
    assert transport.is_paused
    assert budget.used == used + most + upstream_connection.PIECE_BYTES + 2
    assert connection.take_body().endswith(b"xyz")
    assert (budget.used, transport.is_paused) == (used, False)
