"""The reference under abuse: its memory, and what another client's chats take, with the abuse and without it.

`python -m tools.benchmarks.reference_abuse [SCALE]`: idle and half-open connections, endless heads, bodies of small
arrays and slow readers at once; 1.0 is 5,000 connections, 20 heads of 100 MB, 8 bodies of 33 MB, 200 slow readers.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from hopcheck_server.chain.reference import serve_reference
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.event_loop import run
from hopcheck_server.wire.pool import Origin

CHATS, ROUNDS = 150, 3
MEGABYTE = b"a" * 1_000_000
LONG = [" word" * 200] * 5_000  # a stream of 5 MB

SETTINGS = {"BACKEND": "openai", "CHECK_MODELS": "false"}

Abuse = Callable[[Origin, str], Awaitable[None]]


def _chat(origin: Origin, key: str, text: str, *, stream: bool = False) -> tuple[list[tuple[str, str]], bytes]:
    body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
    fields = {"Host": origin.authority, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return [*fields.items(), ("Content-Length", str(len(body)))], body


async def chats_ms(origin: Origin, key: str) -> list[float]:
    """How long another client's chats take, one after another."""
    connection, took = await origin.connect(), []
    for number in range(CHATS):
        begun = time.perf_counter()
        await connection.send("POST", "/v1/chat/completions", *_chat(origin, key, f"hi {number}"))
        assert (await connection.head(60)).status == 200
        async for _ in connection.chunks(60):
            pass
        took.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return took


async def half_a_head(origin: Origin, _: str) -> None:
    """Connects, sends the beginning of a head or nothing, and stays."""
    connection = await origin.connect(timeout_s=60)
    await connection.send_raw(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " if id(connection) % 3 else b"")
    await asyncio.sleep(3600)


async def endless_head(origin: Origin, _: str) -> None:
    """Sends a head of 100 MB."""
    connection = await origin.connect(timeout_s=60)
    await connection.send_raw(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: ")
    for _number in range(100):
        await connection.write(MEGABYTE)


async def small_arrays(origin: Origin, key: str) -> None:
    """Sends a body of 33 MB of empty arrays, which is millions of objects once it is parsed."""
    body = b'{"messages":[' + b"[]," * 10_900_000 + b"[]]}"
    headers, _ = _chat(origin, key, "")
    connection = await origin.connect(timeout_s=60)
    await connection.send("POST", "/v1/chat/completions", [*headers[:-1], ("Content-Length", str(len(body)))], body)
    await connection.head(60)


async def slow_reader(origin: Origin, key: str) -> None:
    """Asks for a stream of 5 MB, and reads a kilobyte a second."""
    reader, writer = await asyncio.open_connection(origin.host, origin.port, limit=1024)
    headers, body = _chat(origin, key, "hopcheck:slow.stream~~chat.stream:1", stream=True)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n".encode() + body)
    while await reader.read(1024):  # noqa: ASYNC110 - a reader that is slow
        await asyncio.sleep(1)


ABUSES: dict[Abuse, int] = {half_a_head: 5_000, endless_head: 20, small_arrays: 8, slow_reader: 200}
"""What clients do, and how many of them."""


async def _ignoring_the_end(abuse: Abuse, origin: Origin, key: str) -> None:
    with suppress(Exception):  # being refused is what should happen
        await abuse(origin, key)


async def abused_ms(origin: Origin, key: str, scale: float) -> list[float]:
    """How long the chats take during the abuse."""
    many = [abuse for abuse, number in ABUSES.items() for _ in range(max(1, round(number * scale)))]
    tasks = [asyncio.create_task(_ignoring_the_end(abuse, origin, key)) for abuse in many]
    await asyncio.sleep(1)
    try:
        return await chats_ms(origin, key)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def main(scale: float) -> None:
    """Measure in turn, without the abuse and with it, and print both."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    scripts = {"slow.stream": reply.script_of(reply.stream(*LONG))}
    calm: list[float] = []
    abused: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            await Upstream.start(scripts) as upstream,
            serve_reference(upstream.url, "sk-p", log_file=Path(folder) / "log", settings=SETTINGS) as served,
        ):
            assert served.process is not None
            origin = Origin.of(served.url)
            for _ in range(ROUNDS):
                calm += await chats_ms(origin, served.key)
                abused += await abused_ms(origin, served.key, scale)
            print(f"chats: p99 {_p99(calm):.1f} ms without abuse, {_p99(abused):.1f} ms with it; soft limit was {soft}")
            print(f"memory: {_rss_mib(served.process.pid):.0f} MiB at most")


if __name__ == "__main__":
    run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
