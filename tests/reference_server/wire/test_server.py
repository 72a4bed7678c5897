"""What the server does with requests in every shape, and with clients that leave."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

import pytest
import uvloop
from served import GET, READ_TIMEOUT_S, echo, serve, talk, until

from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.server import Framing, PeerLeft, Server, ServerExchange


def test_a_client_that_leaves_with_its_whole_response() -> None:
    left, calls = asyncio.Event(), []

    async def handler(exchange: ServerExchange) -> None:
        exchange.on_gone = lambda: calls.append("gone")
        await exchange.respond(200, "text/plain", b"all of it")
        await left.wait()

    async def act(server: Server) -> bytes:
        received = await talk(server, GET % b"/", until=b"all of it")
        await until(lambda: not server.connections)
        left.set()
        return received

    assert serve(handler, act).endswith(b"all of it")
    assert calls == []


def test_pipelined_requests_are_answered_in_order() -> None:
    received = serve(echo, lambda server: talk(server, GET % b"/1" + GET % b"/2", GET % b"/last"))
    assert re.findall(rb"GET (\S+) \|", received) == [b"/1", b"/2", b"/last"]
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.count(b"Connection: close") == 1


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_request_may_come_in_pieces(size: int) -> None:
    request = b"POST /last HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n4\r\n you\r\n0\r\n\r\n"
    parts = [request[start : start + size] for start in range(0, len(request), size)]
    assert serve(echo, lambda server: talk(server, *parts)).endswith(b"POST /last hi you|")


def test_a_client_that_expects_100_continue_gets_it() -> None:
    async def act(server: Server) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /last HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        interim = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"hi")
        received = await reader.read()
        writer.close()
        return interim, received

    interim, received = serve(echo, act)
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert received.endswith(b"POST /last hi|")


def test_nothing_comes_between_the_pieces_of_an_answer() -> None:
    half, expected = asyncio.Event(), asyncio.Event()

    async def slowly(exchange: ServerExchange) -> None:
        if exchange.target == "/slow":
            await exchange.start(200, [("Content-Length", "4")], "length")
            await exchange.write(b"ab")
            half.set()
            await expected.wait()
            await exchange.write(b"cd")
        else:
            await echo(exchange)

    async def act(server: Server) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/slow")
        await half.wait()
        writer.write(b"POST /last HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        (connection,) = server.connections
        await until(lambda: bool(connection._method))
        expected.set()
        writer.write(b"hi")
        received = await reader.read()
        writer.close()
        return received

    received = serve(slowly, act)
    assert b"100 Continue" not in received
    assert b"abcdHTTP/1.1 200 OK" in received
    assert received.endswith(b"POST /last hi|")


def test_a_handler_that_crashes_leaves_nobody_waiting() -> None:
    async def crash(exchange: ServerExchange) -> None:
        raise ZeroDivisionError("in the handler")

    async def act(server: Server) -> list[bytes]:
        received = [await talk(server, GET % b"/"), await talk(server, GET % b"/")]
        await until(lambda: not server.tasks)
        return received

    faults: list[str] = []
    assert serve(crash, act, faults=faults) == [b"", b""]
    assert len(faults) == 2
    assert "in the handler" in faults[0]


def test_of_requests_at_once_one_that_fails_harms_no_other() -> None:
    def choose(exchange: ServerExchange):
        if exchange.target == "/bad":
            raise ZeroDivisionError("before it is handled")
        return echo(exchange)

    async def act(server: Server) -> list[bytes]:
        targets = (b"/bad", b"/last", b"/bad", b"/last")
        return await asyncio.gather(*(talk(server, GET % target) for target in targets))

    faults: list[str] = []
    received = serve(choose, act, faults=faults)
    assert [text.partition(b" ")[0] for text in received] == [b"", b"HTTP/1.1", b"", b"HTTP/1.1"]
    assert len(faults) == 2


def test_what_a_leaving_client_has_sent_is_handled() -> None:
    handled = []

    async def handler(exchange: ServerExchange) -> None:
        handled.append(exchange.target)

    async def act(server: Server) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/1" + GET % b"/2")
        writer.write_eof()
        await until(lambda: server.opened == 1 and not server.connections)
        writer.close()

    serve(handler, act)
    assert handled[:1] == ["/1"]


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_a_client_that_leaves_is_noticed(framing: Framing) -> None:
    seen: list[str] = []
    gone = asyncio.Event()

    async def stream(exchange: ServerExchange) -> None:
        await exchange.start(200, [("Content-Length", "100")] if framing == "length" else [], framing)
        await exchange.write(b"first")
        await exchange.gone.wait()
        try:
            await exchange.write(b"second")
        except PeerLeft:
            seen.append("gone")
            raise
        finally:
            gone.set()

    async def act(server: Server) -> None:
        await talk(server, GET % b"/", until=b"first")
        await gone.wait()

    serve(stream, act)
    assert seen == ["gone"]


def test_a_connection_is_known_to_be_closed_before_its_client_is() -> None:
    seen: list[bool] = []

    async def close(exchange: ServerExchange) -> None:
        seen.append(exchange.is_closed)
        exchange.abort()
        seen.extend((exchange.is_closed, exchange.has_left))

    serve(close, lambda server: talk(server, GET % b"/"))
    assert seen == [False, True, False]


def test_a_client_that_does_not_read_holds_the_writer_up() -> None:
    written: list[int] = []
    left = asyncio.Event()

    async def flood(exchange: ServerExchange) -> None:
        await exchange.start(200, [], "close")
        try:
            for _ in range(1000):
                await exchange.write(b"x" * 100_000)
                written.append(100_000)
        finally:
            left.set()

    async def act(server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(GET % b"/")
        await reader.read(1)
        before = -1
        while before != len(written):  # until nothing more is taken
            before = len(written)
            await asyncio.wait([asyncio.ensure_future(left.wait())], timeout=0.05)
        writer.transport.abort()
        await left.wait()

    serve(flood, act)
    assert sum(written) < 100_000_000


def test_a_handler_may_end_when_a_slow_client_has_caught_up() -> None:
    def flood(exchange: ServerExchange) -> Callable[[], None]:
        def begin() -> None:
            exchange.keep_alive = False
            exchange.on_writable = exchange.end
            exchange.send(b"x" * 5_000_000)

        return begin

    async def act(server: Server) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/")
        received = len(await reader.read(1))
        received += len(await reader.read())
        writer.close()
        return received

    assert serve(flood, act) == 5_000_000


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_made_while_a_server_closes_is_dropped(turns: int) -> None:
    """The kernel takes a connection before the loop does; whatever the loop has done of it, nobody is left waiting.

    On uvloop, which everything runs on where it can be had; asyncio's own loop forgets some of them by itself.
    """

    async def hang(exchange: ServerExchange) -> None:
        await exchange.gone.wait()

    async def main() -> None:
        for closing in (await Upstream.start(), await Server(hang).start()):
            client = socket.create_connection(("127.0.0.1", closing.port))
            client.sendall(GET % b"/")
            for _ in range(turns):
                await asyncio.sleep(0)
            async with asyncio.timeout(READ_TIMEOUT_S):
                await closing.aclose()
                client.setblocking(False)
                try:
                    while await asyncio.get_running_loop().sock_recv(client, 1000):
                        pass
                except ConnectionError:
                    pass
            client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
