"""Acts on a server with a handler, over sockets of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hopcheck_server.wire.server import Server, ServerExchange

READ_TIMEOUT_S = 10.0
GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


def serve(handler, act, *, faults: list[str] | None = None):
    """Act on a server; the crashes that the loop reports are put into `faults`."""

    async def main():
        seen: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(repr(context["exception"])))
        async with asyncio.timeout(READ_TIMEOUT_S), await Server(handler).start() as server:
            result = await act(server)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        if faults is not None:
            faults.extend(seen)
        else:
            assert not seen
        return result

    return asyncio.run(main())


async def talk(server: Server, *parts: bytes, until: bytes = b"") -> bytes:
    """Send bytes, and read until the server closes or has received `until`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    received = await (reader.readuntil(until) if until else reader.read())
    writer.close()
    await writer.wait_closed()
    return received


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so that no event tells of."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0)


async def echo(exchange: ServerExchange) -> None:
    exchange.keep_alive = exchange.keep_alive and exchange.target != "/last"
    body = f"{exchange.method} {exchange.target} {exchange.body.decode()}|".encode()
    await exchange.start(200, [("Content-Length", str(len(body)))], "length")
    await exchange.write(body)
    await exchange.finish()
