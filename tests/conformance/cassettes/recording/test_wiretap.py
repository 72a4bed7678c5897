"""A tee passes on everything as it is, the ends of connections, too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hopcheck.cassettes.model import BODY_LIMIT
from hopcheck.cassettes.recording.wiretap import Wiretap, tapped
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import Broken, ClientConnection
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import Server, ServerExchange

READ_TIMEOUT_S = 10.0


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    async def guarded() -> Any:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await main()

    return asyncio.run(guarded())


@asynccontextmanager
async def behind(
    handler: Callable[[ServerExchange], Awaitable[None]], **more: Any
) -> AsyncIterator[tuple[Wiretap, ClientConnection]]:
    """A server that does as its handler says, with a tee before it, and a connection to that."""
    async with await Server(handler).start() as server, tapped(f"http://127.0.0.1:{server.port}", **more) as wiretap:
        connection = await Origin.of(f"http://127.0.0.1:{wiretap.pipe.port}").connect()
        yield wiretap, connection
        connection.close()


async def ask(connection: ClientConnection, path: str = "/", body: bytes = b"") -> bytes:
    headers = [("host", "127.0.0.1:1"), ("content-length", str(len(body)))]
    await connection.send("POST", path, headers, body)
    await connection.head(READ_TIMEOUT_S)
    return b"".join([data async for _, data in connection.chunks(READ_TIMEOUT_S)])


def test_frames_are_what_the_upstream_sent() -> None:
    async def main() -> None:
        own = str(Marker.make("a.b", "chat", "n0"))
        script = reply.script_of(reply.chat("Hel", "lo", "wor", "ld"))
        async with await Upstream.start({"a.b": script}) as upstream, tapped(upstream.url) as wiretap:
            connection = await Origin.of(f"http://127.0.0.1:{wiretap.pipe.port}").connect()
            body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": own}]}
            answer = await ask(connection, "/v1/chat/completions", json.dumps(body).encode())
            assert await wiretap.settled(READ_TIMEOUT_S)
            (one,), (attempt,) = wiretap.take(), upstream.journal.attempts(own)
            assert bytes(one.body) == answer
            assert [size for _, size in one.frames] == [size for _, size in attempt.sent]
            assert attempt.received_ns <= one.head_ns <= one.ended_ns
            assert wiretap.take() == []
            connection.close()

    run(main)


def test_a_large_body_passes_both_ways() -> None:
    async def echo(exchange: ServerExchange) -> None:
        await exchange.start(200, [("content-length", str(len(exchange.body)))], "length")
        await exchange.write(exchange.body)

    async def main() -> None:
        body = bytes(range(256)) * 16_384
        async with behind(echo) as (wiretap, connection):
            assert await ask(connection, body=body) == body
            (one,) = wiretap.take()
            assert body.startswith(one.request_body)
            assert body.startswith(one.body)
            # What is longer than a cassette's body isn't saved, so it needn't be kept.
            assert BODY_LIMIT < len(one.request_body) < len(body)
            assert BODY_LIMIT < len(one.body) < len(body)

    run(main)


@pytest.mark.parametrize(("how", "ended"), [("drop", "cut"), ("reset", "reset")])
def test_a_cut_passes_as_what_it_is(how: str, ended: str) -> None:
    async def cut(exchange: ServerExchange) -> None:
        await exchange.start(200, [], "chunked")
        await exchange.write(b"abc")
        if how == "drop":
            exchange.abort()
        else:
            exchange.reset()

    async def main() -> None:
        async with behind(cut) as (wiretap, connection):
            with pytest.raises(Broken) as broken:
                await ask(connection)
            assert broken.value.ended == ended
            await wiretap.settled(READ_TIMEOUT_S)
            assert [one.ended for one in wiretap.take()] == [ended]

    run(main)


def test_a_client_that_leaves_leaves_the_server() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def wait(exchange: ServerExchange) -> None:
            await exchange.start(200, [], "chunked")
            await exchange.write(b"abc")
            await exchange.gone.wait()
            gone.set()

        async with behind(wait) as (wiretap, connection):
            await connection.send("GET", "/", [("host", "h")])
            await connection.head(READ_TIMEOUT_S)
            connection.abort()
            await gone.wait()
            await wiretap.settled(READ_TIMEOUT_S)
            assert [one.ended for one in wiretap.take()] == ["left"]

    run(main)


def test_a_server_that_is_not_there_is_a_reset() -> None:
    async def main() -> None:
        async with tapped("http://127.0.0.1:1") as wiretap:
            connection = await Origin.of(f"http://127.0.0.1:{wiretap.pipe.port}").connect()
            with pytest.raises(Broken):
                await ask(connection)

    run(main)


def test_requests_name_the_server_if_they_should() -> None:
    async def main() -> None:
        hosts: list[str | None] = []

        async def note(exchange: ServerExchange) -> None:
            hosts.append(exchange.header("host"))
            await exchange.start(200, [("content-length", "0")], "length")

        for as_host in (False, True):
            async with behind(note, as_host=as_host) as (wiretap, connection):
                await ask(connection, body=b"x\r\nhost: stays\r\n")
                assert bytes(wiretap.take()[0].request_body) == b"x\r\nhost: stays\r\n"
                server = wiretap.pipe.backend.authority
        assert hosts == ["127.0.0.1:1", server]

    run(main)
