"""How punctual the upstream is with many paced streams: the lag of each event behind its schedule, from the journal.

    python tools/benchmarks/upstream_streams.py [--streams 1000] [--rate 20] [--seconds 3]

The upstream runs in a process of its own; this one is its clients. Prints quantiles of the lag in milliseconds and the
CPU of an event, and then the same of a bare server (see `bare_streams.py`), which is what the machine allows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast
from urllib.request import urlopen

import psutil
import uvloop

from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker

BARE = Path(__file__).with_name("bare_streams.py")
MARKER = str(Marker.make("bench.streams", "chat.stream", "1"))


class Client(asyncio.Protocol):
    """Reads one stream to its end, without looking at it."""

    def __init__(self, request: bytes, ended: asyncio.Future[None]) -> None:
        self._request = request
        self._ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set_result(None)


def request(port: int) -> bytes:
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": MARKER}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def run_streams(url: str, process: psutil.Process, streams: int) -> float:
    """Run streams, begun at even distances over the first second; returns the seconds of CPU that the server used."""
    loop, before = asyncio.get_running_loop(), cpu_s(process)
    host, _, port = url.removeprefix("http://").rpartition(":")
    ends: list[asyncio.Future[None]] = []
    start = loop.time()
    for place in range(streams):
        ended: asyncio.Future[None] = loop.create_future()
        ends.append(ended)
        await loop.create_connection(partial(Client, request(int(port)), ended), host, int(port))
        await asyncio.sleep(max(0.0, start + (place + 1) / streams - loop.time()))
    await asyncio.gather(*ends)
    return cpu_s(process) - before


async def scripted(
    url: str, process: psutil.Process, streams: int, events: int, rate: float
) -> tuple[list[Attempt], float]:
    """Run the upstream's streams; returns what its journal holds of them, and the seconds of CPU."""
    control = RemoteControl(url)
    await control.load({"bench.streams": reply.script_of(reply.chat(*["token "] * events, pace_s=1 / rate))})
    used_s = await run_streams(url, process, streams)
    attempts = await control.attempts(MARKER)
    await control.aclose()
    return attempts, used_s


def cpu_s(process: psutil.Process) -> float:
    """The CPU time of a process so far, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def started(*arguments: str) -> Iterator[tuple[str, psutil.Process]]:
    """Start a server that prints its URL at the end of its first line."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1], psutil.Process(process.pid)
        finally:
            process.terminate()


def lags_ms(attempts: list[Attempt], rate: float) -> list[float]:
    """The lag of every event, in milliseconds, in ascending order."""
    return sorted(
        (at - attempt.received_ns) / 1e6 - place * 1000 / rate
        for attempt in attempts
        for place, (at, _) in enumerate(attempt.sent[:-1])  # `[DONE]` is an event, too, but nobody waits for it
    )


def show(name: str, lags: list[float], used_s: float) -> None:
    quantiles = {f"p{q}": round(lags[min(int(len(lags) * q / 100), len(lags) - 1)], 2) for q in (50, 90, 99, 99.9)}
    print(f"{name}: {len(lags)} events, CPU {used_s * 1e6 / len(lags):.1f} us each, lag in ms {quantiles}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20, help="events a second in each stream")
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    events = int(options.rate * options.seconds)
    with started("-m", "hopcheck_server.upstream") as (url, process):
        attempts, used_s = uvloop.run(scripted(url, process, options.streams, events, options.rate))
    lags = lags_ms(attempts, options.rate)
    show("upstream", lags, used_s)
    with started(str(BARE), str(len(lags) // len(attempts)), str(options.rate)) as (url, process):
        used_s = uvloop.run(run_streams(url, process, options.streams))
        with urlopen(url) as response:
            show("bare server", sorted(json.load(response)), used_s)


if __name__ == "__main__":
    main()
