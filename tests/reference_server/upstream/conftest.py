"""Helpers: an upstream for the length of a test, and clients that see the wire as it is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import ClientConnection

READ_TIMEOUT_S = 20.0
"""For what must happen; a test that needs it fails."""


@dataclass
class Raw:
    """What came on a connection until it ended."""

    reads: list[tuple[int, bytes]] = field(default_factory=list)
    ended: str = ""

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.reads)

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


@dataclass
class Got:
    """A parsed response that ended."""

    status: int
    headers: dict[str, str]
    chunks: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    payload: Any = None,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    body = b"" if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    pairs = {"host": "127.0.0.1", "content-length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def chat(text: str = "hi", **fields_: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **fields_}


def marked(name: str = "a.b", nonce: str = "1", **fields_: Any) -> dict[str, Any]:
    return chat(f"hopcheck:{name}~~chat:{nonce}", **fields_)


async def raw(upstream: Upstream, data: bytes) -> Raw:
    """Send bytes, and read until the connection ends."""
    seen = Raw()
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    writer.write(data)
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            while part := await reader.read(65536):
                seen.reads.append((time.monotonic_ns(), part))
        seen.ended = "eof"
    except ConnectionResetError:
        seen.ended = "reset"
    finally:
        writer.close()
    return seen


async def opened(upstream: Upstream) -> ClientConnection:
    return await ClientConnection.open("127.0.0.1", upstream.port)


async def read(connection: ClientConnection) -> Got:
    """Read one answer."""
    head = await connection.head(READ_TIMEOUT_S)
    chunks = [data async for _, data in connection.chunks(READ_TIMEOUT_S)]
    return Got(head.status, {name.lower(): value for name, value in head.headers}, chunks)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so that no event tells of."""
    async with asyncio.timeout(READ_TIMEOUT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def ask(upstream: Upstream, payload: Any = None, **options: Any) -> Got:
    """Ask on a connection of its own."""
    connection = await opened(upstream)
    try:
        await connection.send_raw(request(payload, **options), bodiless=options.get("method") == "HEAD")
        return await read(connection)
    finally:
        connection.abort()


def serve(scripts: Mapping[str, Any], act: Callable[[Upstream], Awaitable[Any]], *, loop: str = "asyncio") -> Any:
    """Run `act` against an upstream that plays these scripts; afterwards nothing may be left of it."""

    async def main() -> Any:
        made = {name: reply.script_of(scripted) for name, scripted in scripts.items()}
        async with await Upstream.start(made) as upstream:
            result = await act(upstream)
        assert not upstream.connections
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        return runner.run(main())


def play(scripted: Any, act: Callable[[Upstream], Awaitable[Any]] | None = None, *, loop: str, **fields_: Any) -> Any:
    """Play a turn to a marked request; gives what came until the connection ended, and the attempt."""

    async def default(upstream: Upstream) -> tuple[Raw, Attempt]:
        seen = await raw(
            upstream, request(marked(**fields_), headers={"connection": "close", "accept-encoding": "gzip"})
        )
        return seen, (await upstream.journal.wait("hopcheck:a.b~~chat:1", timeout_s=5))[0]

    return serve({"a.b": scripted}, act or default, loop=loop)


def dechunk(body: bytes) -> tuple[list[bytes], bool]:
    """The data of each chunk, and whether the last one came."""
    chunks = []
    while b"\r\n" in body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return chunks, True
        chunks.append(body[:length])
        body = body[length + 2 :]
    return chunks, False


@pytest.fixture
def wire() -> SimpleNamespace:
    return SimpleNamespace(
        ask=ask,
        chat=chat,
        dechunk=dechunk,
        marked=marked,
        opened=opened,
        play=play,
        raw=raw,
        read=read,
        request=request,
        serve=serve,
        until=until,
    )


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)
