"""The reference under abuse: its memory, and what another client's chats take, with the abuse and without it.

`python -m tools.benchmarks.reference_abuse [SCALE]`: idle and half-open connections, endless heads, bodies of small
arrays, long texts and slow readers at once; 1.0 is 5,000 connections, 20 heads of 100 MB, 8 bodies of 33 MB
and 8 texts of 16 MB, 200 slow readers. The exit code is 1 where a bound isn't held.
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
from hopcheck_server.proxy.server import listen, url_of
from hopcheck_server.wire.event_loop import run
from hopcheck_server.wire.pool import Origin

CHATS, ROUNDS = 150, 3
MAX_RSS_MIB, MAX_P99_MS = 256, 250
MEGABYTE = b"a" * 1_000_000
SMALL_ARRAYS = b'{"messages":[' + b"[]," * 10_900_000 + b"[]]}"
WIDE_BYTES = 16_000_000
WIDE_TEXT = b'{"model":"m","messages":[{"role":"user","content":"\xf0\x9f\x98\x80%b"}]}' % (b"a" * WIDE_BYTES)
SLOWLY = "a long stream for a slow reader"

SETTINGS = {"BACKEND": "openai", "CHECK_MODELS": "false"}

Abuse = Callable[[Origin, str], Awaitable[None]]


EVENT = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHUNK = (
    b"data: %b\n\n"
    % json.dumps(
        {**EVENT, "choices": [{"index": 0, "delta": {"content": " word" * 200}, "finish_reason": None}]}
    ).encode()
)
MESSAGE = {"role": "assistant", "content": "hi"}
COMPLETION = json.dumps(
    {**EVENT, "object": "chat.completion", "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]}
).encode()
LONG_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + CHUNK * 4_500
SHORT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(COMPLETION) + COMPLETION
)
"""What the provider answers: made before, so that it costs the measuring process next to nothing."""


async def _provide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):  # a client has gone
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
            body = await reader.readexactly(length)
            writer.write(LONG_STREAM if SLOWLY.encode() in body else SHORT)
            await writer.drain()


def _chat(origin: Origin, key: str, text: str, *, stream: bool = False) -> tuple[list[tuple[str, str]], bytes]:
    body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
    fields = {"Host": origin.authority, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return [*fields.items(), ("Content-Length", str(len(body)))], body


async def chats_ms(origin: Origin, key: str) -> list[float]:
    """How long another client's chats take, one after another."""
    connection, took = await origin.connect(timeout_s=60), []
    for number in range(CHATS):
        begun = time.perf_counter()
        await connection.send("POST", "/v1/chat/completions", *_chat(origin, key, f"hi {number}"))
        head = await connection.head(60)
        assert head.status == 200, head
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
    await _large(origin, key, SMALL_ARRAYS)


async def large_body(origin: Origin, key: str) -> None:
    """Sends a chat of 16 MB, whose text takes four bytes a character once it is parsed."""
    await _large(origin, key, WIDE_TEXT)


async def _large(origin: Origin, key: str, body: bytes) -> None:
    headers, _ = _chat(origin, key, "")
    connection = await origin.connect(timeout_s=60)
    await connection.send("POST", "/v1/chat/completions", [*headers[:-1], ("Content-Length", str(len(body)))])
    for at in range(0, len(body), len(MEGABYTE)):
        await connection.write(body[at : at + len(MEGABYTE)])
    await connection.head(60)


async def slow_reader(origin: Origin, key: str) -> None:
    """Asks for a stream of 5 MB, and reads a kilobyte a second."""
    reader, writer = await asyncio.open_connection(origin.host, origin.port, limit=1024)
    headers, body = _chat(origin, key, SLOWLY, stream=True)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n".encode() + body)
    while await reader.read(1024):  # noqa: ASYNC110 - a reader that is slow
        await asyncio.sleep(1)


ABUSES: dict[Abuse, int] = {half_a_head: 5_000, endless_head: 20, small_arrays: 8, large_body: 8, slow_reader: 200}
"""What clients do, and how many of them."""


async def _ignoring_the_end(abuse: Abuse, origin: Origin, key: str) -> None:
    with suppress(Exception):  # being refused is what should happen
        await abuse(origin, key)


async def abuse_until_killed(url: str, key: str, scale: float) -> None:
    """Be all the clients that abuse the proxy."""
    many = [abuse for abuse, number in ABUSES.items() for _ in range(max(1, round(number * scale)))]
    tasks = [asyncio.create_task(_ignoring_the_end(abuse, Origin.of(url), key)) for abuse in many]
    print("begun", flush=True)
    await asyncio.wait(tasks)
    await asyncio.Event().wait()


async def abused_ms(url: str, key: str, scale: float) -> list[float]:
    """How long the chats take during the abuse, which a process of its own commits."""
    words = [sys.executable, "-m", "tools.benchmarks.reference_abuse", url, key, str(scale)]
    abusing = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert abusing.stdout is not None
    try:
        await abusing.stdout.readline()
        await asyncio.sleep(1)
        return await chats_ms(Origin.of(url), key)
    finally:
        abusing.kill()
        await abusing.communicate()


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def main(scale: float) -> bool:
    """Measure in turn, without the abuse and with it, and print both; returns whether the bounds are held."""
    listener = listen("127.0.0.1", 0)
    await asyncio.start_server(_provide, sock=listener)
    calm: list[float] = []
    abused: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        async with serve_reference(url_of(listener), "sk-p", log_file=log, settings=SETTINGS) as served:
            assert served.process is not None
            origin = Origin.of(served.url)
            for _ in range(ROUNDS):
                calm += await chats_ms(origin, served.key)
                abused += await abused_ms(served.url, served.key, scale)
            rss_mib = _rss_mib(served.process.pid)
    holds = rss_mib <= MAX_RSS_MIB and _p99(abused) <= MAX_P99_MS
    print(f"{len(calm)} chats each: p99 {_p99(calm):.1f} ms without abuse, {_p99(abused):.1f} ms with it")
    print(f"memory: {rss_mib:.0f} MiB; at most {MAX_RSS_MIB} MiB and {MAX_P99_MS} ms are allowed")
    print("held" if holds else "not held")
    return holds


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    if len(sys.argv) > 2:
        run(abuse_until_killed(sys.argv[1], sys.argv[2], float(sys.argv[3])))
    sys.exit(not run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)))
