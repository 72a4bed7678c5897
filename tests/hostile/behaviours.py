"""What a hostile server does with a request, whatever the bytes are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

Behaviour = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""Answers one request (its bytes are given)."""

DRIP_S = 0.5
"""Between two writes of a server that drips."""

BLOCK_BYTES = 65536


def once(data: bytes) -> Behaviour:
    """Sends this, and keeps the connection open."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def endless(first: bytes, more: bytes) -> Behaviour:
    """Sends the second part for ever."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(first)
        block = more * max(1, BLOCK_BYTES // len(more))
        while True:
            writer.write(block)
            await writer.drain()

    return behave


def counted(first: bytes, more: Callable[[int], bytes]) -> Behaviour:
    """Sends for ever what a function makes of 0, 1, 2, ..., in blocks of a thousand."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(first)
        number = 0
        while True:
            writer.write(b"".join(map(more, range(number, number + 1000))))
            number += 1000
            await writer.drain()

    return behave


def dripping(first: bytes, more: bytes = b"a") -> Behaviour:
    """Sends the second part again and again, slowly."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(first)
        while True:
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(DRIP_S)

    return behave


def leaving(data: bytes, *, reset: bool = False) -> Behaviour:
    """Sends this, and goes."""

    async def behave(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(data)
        await writer.drain()
        writer.transport.abort() if reset else writer.close()

    return behave


def by_path(ending: str, there: Behaviour, elsewhere: Behaviour) -> Behaviour:
    """Does one thing where a request's path ends so, and another everywhere else."""

    async def behave(writer: asyncio.StreamWriter, request: bytes) -> None:
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        await (there if path.endswith(ending.encode()) else elsewhere)(writer, request)

    return behave


async def echo(writer: asyncio.StreamWriter, request: bytes) -> None:
    """Sends back all that it got, keys included, in an error."""
    shown = request.partition(b"\r\n\r\n")[0].decode("latin-1")
    error = json.dumps({"error": {"message": shown, "type": "x", "code": None, "param": None}}).encode()
    status = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
    writer.write(status + b"Content-Length: %d\r\n\r\n" % len(error) + error)
    await writer.drain()
