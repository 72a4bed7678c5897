"""What all requests hold together is bounded, small ones pass, and everything is given back."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
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
from hopcheck_server.proxy.memory.budget import (
    SMALL_BYTES,
    ByteBudget,
    HeldBytes,
)
from hopcheck_server.wire.responses import RawResponse

LIMIT = 4 * SMALL_BYTES
CHAT_PATH = "/v1/chat/completions"
Start = Callable[..., httpx2.Client]


def chat(size: int, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "x" * size}], **more}


LARGE = chat(SMALL_BYTES + 1)


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
        for size in (10, 15_000):  # of which the second could take more than there is room, if it were all brackets
            assert client.post(CHAT_PATH, json=chat(size)).status_code == 200
        assert len(upstream.received) == 3
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


def test_a_client_that_reads_nothing_gives_back_what_it_held(start: Start, upstream: RawUpstream) -> None:
    client = start(max_held_bytes=16 * LIMIT, connect_timeout_s=20, send_timeout_s=0.3)
    long = response(json.dumps({**COMPLETION, "note": "x" * 10 * LIMIT}).encode())

    async def script(turn: Turn) -> None:
        await turn.say(long)
        turn.upstream.reached.set()

    upstream.script = script
    with ask(client, chat(10)):
        assert upstream.reached.wait(20)
        answer = client.post(CHAT_PATH, json=chat(10))
        assert answer.status_code == 200, answer.text


def test_a_stream_that_nobody_reads_ends(start: Start, upstream: RawUpstream) -> None:
    client = start(send_timeout_s=0.3)
    block = frame(chunk({"content": "x" * 1000}) * 60)

    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD)
        with suppress(ConnectionError):
            while True:
                await turn.say(block)
        turn.upstream.reached.set()

    upstream.script = script
    with ask(client, STREAM):
        assert upstream.reached.wait(20)


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


def test_each_thread_reads_into_a_buffer_of_its_own() -> None:
    async def open_two() -> list[UpstreamConnection]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            made = [await UpstreamConnection.open(*listener.getsockname()) for _ in range(2)]
            for connection in made:
                connection.abort()
            return made

    def buffers() -> list[int]:
        return [id(connection.get_buffer(0).obj) for connection in asyncio.run(open_two())]

    here, there = buffers(), []
    thread = threading.Thread(target=lambda: there.extend(buffers()))
    thread.start()
    thread.join()
    assert here[0] == here[1]
    assert there[0] == there[1] != here[0]
