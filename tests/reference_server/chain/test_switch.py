"""The switch on the line to a backend: bytes pass, and while it is off nobody is there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hopcheck_server.chain.switch import Switch
from hopcheck_server.relay.switch_control import turn
from hopcheck_server.wire.server import Server, ServerExchange

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def switched(handler: Handler) -> AsyncIterator[Switch]:
    backend = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = backend.sockets[0].getsockname()[1]
    async with backend, await Switch("127.0.0.1", port).start() as switch:
        yield switch


async def connect(switch: Switch) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(switch.url.rpartition(":")[2]))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send everything back when the client has sent all."""
    writer.write(await reader.read())
    writer.close()
    await writer.wait_closed()


async def holds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet, and wait for the end."""
    writer.write(b"hello")
    await listens(reader, writer)


async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait for the end."""
    try:
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_bytes_pass_both_ways_and_so_do_ends() -> None:
    async def run() -> bytes:
        async with switched(echo) as switch:
            reader, writer = await connect(switch)
            writer.write(bytes(range(256)) * 4000)
            writer.write_eof()
            data = await reader.read()
            writer.close()
            return data

    assert asyncio.run(run()) == bytes(range(256)) * 4000


def test_off_means_refused_and_reset_and_on_is_as_before() -> None:
    async def run() -> bytes:
        async with switched(holds) as switch:
            reader, writer = await connect(switch)
            assert await reader.readexactly(5) == b"hello"
            await turn(switch.control_url, up=False)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await connect(switch)
            await turn(switch.control_url, up=False)
            await turn(switch.control_url, up=True)
            reader, writer = await connect(switch)
            data = await reader.readexactly(5)
            writer.close()
            return data

    assert asyncio.run(run()) == b"hello"


def test_a_backend_that_is_not_there() -> None:
    async def run() -> None:
        async with await Switch("127.0.0.1", 1).start() as switch:
            reader, writer = await connect(switch)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    asyncio.run(run())


def test_a_server_without_a_switch_is_an_error() -> None:
    async def other(exchange: ServerExchange) -> None:
        await exchange.start(404, [("Content-Length", "0")], "length")

    async def run() -> None:
        server = Server(other)
        await server.start()
        with pytest.raises(OSError, match="answered 404: it is no switch"):
            await turn(f"http://127.0.0.1:{server.port}/x", up=True)
        await server.aclose()
        with pytest.raises(OSError, match="nothing answers"):
            await turn("http://127.0.0.1:1/_hopcheck/backend", up=True)

    asyncio.run(run())


@pytest.mark.parametrize("turns", range(6))
def test_who_is_just_being_accepted_is_not_let_through(turns: int) -> None:
    async def run() -> bytes:
        async with switched(listens) as switch:
            with socket.create_connection(("127.0.0.1", int(switch.url.rpartition(":")[2]))) as client:
                for _ in range(turns):  # of the loop, between the handshake and the connection's first callback
                    await asyncio.sleep(0)
                await switch.turn(up=False)
                client.setblocking(False)
                return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 5), 5)

    with pytest.raises(ConnectionResetError):
        asyncio.run(run())
