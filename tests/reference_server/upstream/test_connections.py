"""Connections: reuse, pipelining, many at once, and peers that misbehave or leave."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref

import pytest

from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.server import PortInUse, Upstream
from hopcheck_server.wire import request_reader

MARKER = "hopcheck:a.b~~chat:1"


def test_a_connection_serves_many_requests(wire, loop):
    async def act(upstream):
        connection = await wire.opened(upstream)
        got = []
        for stream in (False, True, False):
            await connection.send_raw(wire.request(wire.marked(stream=stream)))
            got.append(await wire.read(connection))
        connection.abort()
        return got, upstream.journal.attempts(MARKER)

    got, attempts = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert [one.status for one in got] == [200] * 3
    assert {attempt.connection for attempt in attempts} == {1}


def test_a_connection_that_has_ended_needs_no_garbage_collection(wire, loop):
    async def act(upstream):
        gc.collect()
        gc.disable()
        try:
            connection = await wire.opened(upstream)
            for stream in (False, True):
                await connection.send_raw(wire.request(wire.marked(stream=stream)))
                await wire.read(connection)
            ended = weakref.ref(next(iter(upstream.connections)))
            connection.abort()
            await wire.until(lambda: ended() is None)
        finally:
            gc.enable()
        return len(upstream.journal.attempts(MARKER))

    assert wire.serve({"a.b": reply.chat("x")}, act, loop=loop) == 2


def test_pipelined_requests_are_answered_in_order(wire, loop):
    turns = [reply.chat(f"answer {n}", delay_s=0.002 * (n % 2), pace_s=0.001 * (n % 3)) for n in range(100)]

    async def act(upstream):
        data = b"".join(wire.request(wire.marked()) for _ in range(99))
        seen = await wire.raw(upstream, data + wire.request(wire.marked(), headers={"connection": "close"}))
        return seen, upstream.journal.attempts(MARKER)

    seen, attempts = wire.serve({"a.b": turns}, act, loop=loop)
    texts = [
        json.loads(part[part.index(b"{") : part.rindex(b"}") + 1]) for part in seen.data.split(b"HTTP/1.1 200")[1:]
    ]
    assert [text["choices"][0]["message"]["content"] for text in texts] == [f"answer {n}" for n in range(100)]
    assert {attempt.ended for attempt in attempts} == {"answered"}


def test_requests_may_come_in_any_pieces(wire, loop):
    async def act(upstream):
        reader_, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        for byte in wire.request(wire.marked(), headers={"connection": "close"}):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader_.read()
        writer.close()
        return answer, upstream.journal.attempts(MARKER)[0]

    answer, attempt = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert attempt.json == wire.marked()


def test_a_chunked_request(wire, loop):
    body = json.dumps(wire.marked()).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    framed = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (10, body[:10], len(body) - 10, body[10:])

    async def act(upstream):
        return await wire.raw(upstream, head + framed), upstream.journal.attempts(MARKER)

    seen, (attempt,) = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert seen.head.startswith(b"HTTP/1.1 200")
    assert attempt.body == body


def test_expect_100_continue(wire, loop):
    async def act(upstream):
        whole = wire.request(wire.marked(), headers={"Expect": "100-Continue", "connection": "close"})
        head, _, body = whole.partition(b"\r\n\r\n")
        reader_, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writer.write(head + b"\r\n\r\n")
        interim = await reader_.readuntil(b"\r\n\r\n")
        writer.write(body)
        answer = await reader_.read()
        writer.close()
        return interim, answer

    interim, answer = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_an_upgrade_is_declined(wire, loop):
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}

    async def act(upstream):
        first = await wire.ask(upstream, wire.marked(), headers=headers)
        return first, upstream.journal.attempts(MARKER)

    got, attempts = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert got.status == 200
    assert len(attempts) == 1
    assert attempts[0].json == wire.marked()
    assert attempts[0].header("upgrade") == "h2c"


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"\x16\x03\x01\x02\x00 hello\r\n\r\n", b"400"), (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"405")],
)
def test_what_is_not_for_this_server_is_refused(wire, loop, data, status):
    seen = wire.serve({}, lambda upstream: wire.raw(upstream, data), loop=loop)
    assert (seen.head.startswith(b"HTTP/1.1 " + status), seen.ended) == (True, "eof")


def test_too_large_a_body_is_refused(wire, loop, monkeypatch):
    monkeypatch.setattr(request_reader, "MAX_BODY_BYTES", 1000)
    seen = wire.serve({}, lambda upstream: wire.raw(upstream, wire.request(wire.chat("x" * 2000))), loop=loop)
    assert seen.head.startswith(b"HTTP/1.1 413")


def test_a_body_of_megabytes_arrives(wire, loop):
    async def act(upstream):
        got = await wire.ask(upstream, wire.marked(user="x" * (5 << 20)))
        return got, upstream.journal.attempts(MARKER)[0]

    got, attempt = wire.serve({"a.b": reply.chat("x")}, act, loop=loop)
    assert got.status == 200
    assert len(attempt.json["user"]) == 5 << 20


def test_64_at_once_get_each_their_own(wire, loop):
    turns = reply.chat("a", "b", pace_s=0.005)

    async def act(upstream):
        asked = [wire.ask(upstream, wire.marked(nonce=str(n), stream=True)) for n in range(64)]
        got = await asyncio.gather(*asked)
        return got, [upstream.journal.attempts(f"hopcheck:a.b~~chat:{n}") for n in range(64)]

    got, attempts = wire.serve({"a.b": turns}, act, loop=loop)
    assert len({one.chunks[0] for one in got}) == 64
    assert [len(each) for each in attempts] == [1] * 64
    assert {len(each[0].sent) for each in attempts} == {5}


@pytest.mark.parametrize("how", ["abort", "half-close"])
@pytest.mark.parametrize(
    "scripted", [reply.hang("headers"), reply.hang("events", after=1), reply.chat("a", "b", pace_s=30)]
)
def test_a_peer_that_leaves_ends_the_attempt(wire, loop, scripted, how):
    async def act(upstream):
        _, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writer.write(wire.request(wire.marked(stream=True)) * 2)  # the second waits for its turn
        await upstream.journal.wait(MARKER, attempts=2, ended=False, timeout_s=5)
        if how == "abort":
            writer.transport.abort()
        else:
            writer.write_eof()
        attempts = await upstream.journal.wait(MARKER, attempts=2, timeout_s=5)
        writer.close()
        return attempts

    attempts = wire.serve({"a.b": scripted}, act, loop=loop)
    assert [attempt.ended for attempt in attempts] == ["hung-up"] * 2
    assert all(len(attempt.sent) <= 1 for attempt in attempts)
    assert all(attempt.ended_ns >= attempt.received_ns for attempt in attempts)


def test_a_peer_that_leaves_a_large_body(wire, loop):
    async def act(upstream):
        reader_, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writer.write(wire.request(wire.marked()))
        await reader_.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        return await upstream.journal.wait(MARKER, timeout_s=5)

    (attempt,) = wire.serve({"a.b": reply.raw(200, bytes(32 << 20), "text/plain")}, act, loop=loop)
    assert attempt.ended == "hung-up"


def test_closing_ends_what_goes_on(wire, loop):
    async def act(upstream):
        connection = await wire.opened(upstream)
        await connection.send_raw(wire.request(wire.marked()))
        await upstream.journal.wait(MARKER, ended=False, timeout_s=5)
        await upstream.aclose()
        await upstream.aclose()
        connection.abort()
        return upstream.journal.attempts(MARKER)

    (attempt,) = wire.serve({"a.b": reply.hang()}, act, loop=loop)
    assert attempt.ended == "released"


def test_a_port_in_use_is_an_error_of_its_own(wire, loop):
    async def act(upstream):
        with pytest.raises(PortInUse, match=str(upstream.port)) as caught:
            await Upstream.start(port=upstream.port)
        return caught.value.port == upstream.port

    assert wire.serve({}, act, loop=loop)


def test_it_listens_again_on_the_port_that_it_had(wire, loop):
    async def act(upstream):
        port = upstream.port
        await wire.ask(upstream, wire.chat())
        await upstream.aclose()
        async with await Upstream.start(port=port) as again:
            return (await wire.ask(again, wire.chat())).status

    assert wire.serve({}, act, loop=loop) == 200
