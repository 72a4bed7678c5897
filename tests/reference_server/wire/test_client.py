"""What the client says of every way in which an answer can come and end."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import uvloop

from hopcheck_server.wire.client import Broken, ClientConnection, ConnectFailed, Head
from hopcheck_server.wire.pool import Origin, Pool
from hopcheck_server.wire.server import Server

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class Got:
    head: Head | None = None
    body: bytes = b""
    ended: str = ""
    reusable: bool = False
    unasked: int = 0
    detail: str = ""
    pieces: list[bytes] = field(default_factory=list)


async def ask(parts: Sequence[bytes], end: str, *, bodiless: bool = False, read_timeout_s: float = 10.0) -> Got:
    """Ask a server that sends these parts, each once the client has read the one before it, and then ends so."""
    read, served = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            for _ in range(20):  # so that the parts arrive apart; whether they do changes no result
                await asyncio.sleep(0)
        if end == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif end == "close":
            writer.close()
        else:
            await read.wait()
            writer.close()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    connection = await ClientConnection.open("127.0.0.1", server.sockets[0].getsockname()[1])
    got = Got()
    try:
        await connection.send_raw(REQUEST, bodiless=bodiless)
        got.head = await connection.head(read_timeout_s)
        async for _, data in connection.chunks(read_timeout_s):
            got.pieces.append(data)
        got.ended = "complete"
    except Broken as broken:
        got.ended, got.detail = broken.ended, str(broken)
    got.body, got.reusable, got.unasked = b"".join(got.pieces), connection.reusable, connection.unasked
    connection.abort()
    read.set()
    await served.wait()
    server.close()
    return got


def run(parts: Sequence[bytes], end: str = "stay", **options) -> Got:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        fast = runner.run(ask(parts, end, **options))
    slow = asyncio.run(ask(parts, end, **options))
    assert (fast.ended, fast.body, fast.reusable) == (slow.ended, slow.body, slow.reusable)
    return fast


@pytest.mark.parametrize(
    ("parts", "end", "ended", "body", "reusable"),
    [
        ([OK + b"content-length: 2\r\n\r\nhi"], "stay", "complete", b"hi", True),
        ([OK[:9], OK[9:] + b"content-len", b"gth: 2\r\n\r\nh", b"i"], "stay", "complete", b"hi", True),
        ([OK + b"content-length: 0\r\n\r\n"], "stay", "complete", b"", True),
        ([OK + b"content-length: 2\r\nconnection: close\r\n\r\nhi"], "close", "complete", b"hi", False),
        ([b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi"], "close", "complete", b"hi", False),
        ([OK + b"\r\nhi"], "close", "complete", b"hi", False),
        ([OK + b"\r\nhi", b" there"], "close", "complete", b"hi there", False),
        ([OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n", b"0\r\n\r\n"], "stay", "complete", b"hi", True),
        ([OK + b"transfer-encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nT: v\r\n\r\n"], "stay", "complete", b"hi", True),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], "stay", "complete", b"", True),
        ([b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"], "stay", "complete", b"", True),
        ([OK + b"content-length: 5\r\n\r\nhi"], "close", "cut", b"hi", False),
        ([OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n"], "close", "cut", b"hi", False),
        ([OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhi"], "reset", "reset", b"hi", False),
        ([OK + b"\r\nhi"], "reset", "reset", b"hi", False),
        ([], "close", "cut", b"", False),
        ([], "reset", "reset", b"", False),
        ([b"<html>hi</html>"], "close", "garbled", b"", False),
        ([b"SSH-2.0-OpenSSH\r\n"], "stay", "garbled", b"", False),
        ([OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n", b"zz\r\n"], "stay", "garbled", b"hi", False),
    ],
)
def test_how_answers_end(parts: list[bytes], end: str, ended: str, body: bytes, reusable: bool) -> None:
    got = run(parts, end)
    assert (got.ended, got.body, got.reusable, got.unasked) == (ended, body, reusable, 0)


def test_silence_is_a_timeout() -> None:
    head = run([], "stay", read_timeout_s=0.02)
    body = run([OK + b"content-length: 5\r\n\r\nhi"], "stay", read_timeout_s=0.02)
    assert (head.ended, head.head, body.ended, body.body) == ("timeout", None, "timeout", b"hi")
    assert body.detail == "timeout: nothing came for 0.02 s"


def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    got = run([interim, OK + b"content-length: 2\r\n\r\nhi"])
    assert (got.ended, got.body) == ("complete", b"hi")
    assert got.head is not None
    assert (got.head.status, got.head.reason, got.head.headers) == (200, "OK", [("content-length", "2")])


def test_a_head_keeps_order_case_and_repetition() -> None:
    got = run([OK + b"X-One: 1\r\nx-two: \xe9\r\nX-ONE: 2\r\nContent-Length: 0\r\n\r\n"])
    assert got.head is not None
    assert got.head.headers == [("X-One", "1"), ("x-two", "é"), ("X-ONE", "2"), ("Content-Length", "0")]
    assert (got.head.all("x-one"), got.head.header("X-Two"), got.head.header("no")) == (["1", "2"], "é", None)
    assert got.head.version == "1.1"


def test_a_body_after_a_response_to_head_is_counted() -> None:
    clean = run([OK + b"content-length: 2\r\n\r\n"], bodiless=True)
    wrong = run([OK + b"content-length: 2\r\n\r\nhi"], bodiless=True)
    assert (clean.ended, clean.body, clean.unasked, clean.reusable) == ("complete", b"", 0, True)
    assert (wrong.ended, wrong.body, wrong.unasked, wrong.reusable) == ("complete", b"", 2, False)


@pytest.mark.parametrize("more", [OK.replace(b"200", b"500") + b"content-length: 1\r\n\r\nx", b"garbage\r\n"])
def test_what_follows_an_answer_changes_nothing_of_it(more: bytes) -> None:
    got = run([OK + b"content-length: 2\r\n\r\nhi" + more])
    assert got.head is not None
    assert (got.ended, got.head.status, got.body, got.reusable) == ("complete", 200, b"hi", False)
    assert got.unasked > 0


def test_a_refused_connection_is_an_error() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectFailed, match="Connection refused"):
            asyncio.run(ClientConnection.open("127.0.0.1", held.getsockname()[1]))
    with pytest.raises(ConnectFailed, match=r"no connection to no\.\.host:80"):
        asyncio.run(ClientConnection.open("no..host", 80))


def test_a_connection_that_was_closed_answers_no_more() -> None:
    async def main() -> str:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        connection = await ClientConnection.open("127.0.0.1", server.sockets[0].getsockname()[1])
        await connection.send_raw(REQUEST)
        with pytest.raises(Broken):
            await connection.head(10)
        await connection.send_raw(REQUEST)
        with pytest.raises(Broken) as broken:
            await connection.head(10)
        server.close()
        return broken.value.ended

    assert asyncio.run(main()) in ("cut", "reset")


def test_a_pool_hands_out_what_can_be_used_again(alone) -> None:
    async def handler(exchange) -> None:
        close = exchange.target == "/close"
        exchange.keep_alive = not close
        await exchange.start(200, [("Content-Length", "2")], "length")
        await exchange.write(b"hi")

    async def fetch(pool: Pool, target: str) -> ClientConnection:
        connection = await pool.take()
        await connection.send("GET", target, [("Host", "x")])
        await connection.head(10)
        assert [data async for _, data in connection.chunks(10)] == [b"hi"]
        pool.give(connection)
        return connection

    async def main() -> None:
        async with await Server(handler).start() as server:
            pool = Pool(Origin.of(f"http://127.0.0.1:{server.port}"))
            first, second = await fetch(pool, "/"), await fetch(pool, "/close")
            third = await fetch(pool, "/")
            assert first is second is not third
            assert first.exchanges == 2
            pool.close()

    alone(main)


@pytest.mark.parametrize(
    ("url", "authority", "prefix"),
    [
        ("http://a:4000/v1/", "a:4000", "/v1"),
        ("http://a", "a", ""),
        ("https://a:443/x/v1", "a", "/x/v1"),
        ("http://[::1]:80/v1", "[::1]", "/v1"),
    ],
)
def test_where_a_url_leads(url: str, authority: str, prefix: str) -> None:
    origin = Origin.of(url)
    assert (origin.authority, origin.prefix) == (authority, prefix)


@pytest.mark.parametrize("url", ["ftp://a/v1", "a:4000", "http:///v1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not a URL"):
        Origin.of(url)
