"""SIGTERM in the middle of traffic: `python -m tools.drain [--workers 2]` prints what was cut, and what was lost.

With `--restart` it is SIGHUP, which replaces the workers one after another: then no chat may be refused, either.

LLM-Proxy runs in front of the scripted upstream. It has streams in flight and gets chats at a constant rate, each on a
connection of its own, when SIGTERM comes, and until its process has ended. The exit code is 1 where a stream was cut, a
chat was neither answered nor refused, one was taken after another had been refused, or the process didn't end with 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from hopcheck.cli.chain import UPSTREAM_COMMAND
from hopcheck_server.chain import Served, serve, serve_reference
from hopcheck_server.exits import DOES_NOT_HOLD, HOLDS
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.client import Broken, ClientConnection, ConnectFailed

STREAM, CHAT = "drain.stream", "drain.chat"
EVENTS = 20
ANSWERED, REFUSED = "answered", "refused"
SILENCE_S = 20.0
"""After which a request counts as lost."""


@dataclass
class Drained:
    """How all of it ended.

    Attributes:
        streams: How many ended how.
        chats: How each ended, in the order in which they were sent.
        ended_s: From the signal to the end of the process.
        exit_code: Of the process.
        log: What the process printed, but for its address.
        restarted: Whether its workers were only replaced.
    """

    streams: Counter[str] = field(default_factory=Counter)
    chats: list[str] = field(default_factory=list)
    ended_s: float = 0.0
    exit_code: int = HOLDS
    log: str = ""
    restarted: bool = False

    def complaints(self) -> Iterator[str]:
        """A sentence for each problem."""
        may_end = {"streams": {ANSWERED}, "chats": {ANSWERED} if self.restarted else {ANSWERED, REFUSED}}
        for kind, endings in (("streams", self.streams), ("chats", Counter(self.chats))):
            for how in endings.keys() - may_end[kind]:
                yield f"{endings[how]} {kind} ended otherwise: {how}"
        if self.late:
            yield f"{self.late} chats were taken after one had been refused"
        if self.exit_code:
            yield f"the process ended with {self.exit_code}"
        if self.log:
            yield f"the process printed:\n{self.log}"

    @property
    def late(self) -> int:
        """How many chats weren't refused although one before was."""
        first = self.chats.index(REFUSED) if REFUSED in self.chats else len(self.chats)
        return sum(how != REFUSED for how in self.chats[first:])


async def ask(proxy: Served, script: str, begun: asyncio.Event) -> str:
    """Ask once, on a new connection; return how it ended.

    Args:
        proxy: The process.
        script: What the upstream plays.
        begun: Set when the response's body begins, or has no hope to.
    """
    try:
        connection = await ClientConnection.open("127.0.0.1", proxy.port)
    except ConnectFailed:
        begun.set()
        return REFUSED
    try:
        return await _ended(connection, *_request(proxy, script), begun)
    except Broken as error:
        return str(error)
    finally:
        begun.set()
        connection.close()


def _request(proxy: Served, script: str) -> tuple[list[tuple[str, str]], bytes]:
    text = str(Marker.make(script, "chat.stream" if script == STREAM else "chat", "1"))
    fields = {"messages": [{"role": "user", "content": text}], "stream": script == STREAM}
    body = json.dumps(fields).encode()
    own = {"Host": "llm-proxy", "Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    return [*own.items(), ("Content-Length", str(len(body)))], body


async def _ended(
    connection: ClientConnection, headers: list[tuple[str, str]], body: bytes, begun: asyncio.Event
) -> str:
    """Send a request; raises Broken where no complete response comes."""
    await connection.send("POST", "/v1/chat/completions", headers, body)
    head = await connection.head(SILENCE_S)
    received = bytearray()
    async for _, piece in connection.chunks(SILENCE_S):
        begun.set()
        received += piece
    if head.status != 200:
        return f"{head.status}"
    return "an error in the stream" if b'"error"' in received else ANSWERED


async def chats_until(ended: asyncio.Event, proxy: Served, rate: float) -> list[str]:
    """Ask for chats at a constant rate; return how they ended, in the order in which they were sent."""
    began, asked = time.monotonic(), list[asyncio.Task[str]]()
    while not ended.is_set():
        asked.append(asyncio.create_task(ask(proxy, CHAT, asyncio.Event())))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, began + len(asked) / rate - time.monotonic())):
                await ended.wait()
    return await asyncio.gather(*asked)


async def drained(proxy: Served, options: argparse.Namespace) -> Drained:
    """Open streams, ask for chats, send the signal, and wait for all that goes on."""
    assert proxy.process is not None
    ended, begun = asyncio.Event(), [asyncio.Event() for _ in range(options.streams)]
    streaming = [asyncio.create_task(ask(proxy, STREAM, one)) for one in begun]
    await asyncio.gather(*(one.wait() for one in begun))
    chatting = asyncio.create_task(chats_until(ended, proxy, options.rate))
    at_s = time.monotonic()
    if options.restart:
        await replace_workers(proxy.process.pid)
        ended.set()
        await chatting
    os.kill(proxy.process.pid, signal.SIGTERM)
    code = await proxy.process.wait()
    ended_s = time.monotonic() - at_s
    ended.set()
    streams = Counter(await asyncio.gather(*streaming))
    log = "\n".join(line for line in proxy.process.log_text().splitlines() if line != proxy.url)
    return Drained(streams, await chatting, ended_s, code, log, options.restart)


async def replace_workers(pid: int) -> None:
    """Send SIGHUP, and wait until those who worked then have ended."""
    before = psutil.Process(pid).children()
    os.kill(pid, signal.SIGHUP)
    # The first of the children is multiprocessing's own helper, which stays.
    workers = [one for one in before if "spawn_main" in " ".join(one.cmdline())]
    await asyncio.to_thread(psutil.wait_procs, workers)


async def run(options: argparse.Namespace, work_dir: Path) -> Drained:
    """Start both servers, and drain the proxy."""
    settings = {
        "BACKEND": "openai",
        "LOG_LEVEL": "warning",
        "DRAIN_DELAY_S": str(options.delay),
        "SHUTDOWN_GRACE_S": str(options.grace),
    }
    async with AsyncExitStack() as running:
        starting = serve(UPSTREAM_COMMAND, name="the upstream", log_file=work_dir / "upstream.log")
        upstream = await running.enter_async_context(starting)
        control = RemoteControl(upstream.url)
        running.push_async_callback(control.aclose)
        pieces = [f"token{number} " for number in range(EVENTS)]
        turns = {STREAM: reply.chat(*pieces, pace_s=options.seconds / EVENTS), CHAT: reply.chat("Hello")}
        await control.load({name: reply.script_of(turn) for name, turn in turns.items()})
        log_file = work_dir / "reference.log"
        serving = serve_reference(upstream.url, "sk-up", log_file=log_file, settings=settings, workers=options.workers)
        return await drained(await running.enter_async_context(serving), options)


def show(found: Drained, options: argparse.Namespace) -> None:
    """Print the figures."""
    chats = Counter(found.chats)
    signal_name = "SIGHUP" if options.restart else "SIGTERM"
    traffic = f"{options.streams} streams and {options.rate:g} chats a second"
    print(f"{options.workers} process(es), {signal_name} with {traffic}:")
    print(f"  streams: {found.streams[ANSWERED]} whole, {options.streams - found.streams[ANSWERED]} cut")
    lost = len(found.chats) - chats[ANSWERED] - chats[REFUSED]
    print(f"  chats: {chats[ANSWERED]} answered, {chats[REFUSED]} refused by the closed listener, {lost} lost")
    print(f"  the process ended {found.ended_s:.1f} s after {signal_name}, with {found.exit_code}")
    for complaint in found.complaints():
        print(complaint, file=sys.stderr)


def main(words: Sequence[str] | None = None) -> int:
    """Run and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.drain", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="processes of LLM-Proxy (%(default)s)")
    parser.add_argument("--restart", action="store_true", help="replace the workers by SIGHUP, and end them then")
    parser.add_argument("--streams", type=int, default=200, help="in flight at SIGTERM (%(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0, help="that a stream lasts (%(default)s)")
    parser.add_argument("--rate", type=float, default=20.0, help="chats a second (%(default)s)")
    parser.add_argument("--delay", type=float, default=3.0, help="LLM_PROXY__DRAIN_DELAY_S (%(default)s)")
    parser.add_argument("--grace", type=float, default=30.0, help="LLM_PROXY__SHUTDOWN_GRACE_S (%(default)s)")
    options = parser.parse_args(words)
    if options.restart and options.workers < 2:
        parser.error("--restart needs --workers 2 or more: a single process isn't replaced.")
    with tempfile.TemporaryDirectory(prefix="hopcheck-drain-") as folder:
        found = asyncio.run(run(options, Path(folder)))
    show(found, options)
    return DOES_NOT_HOLD if any(found.complaints()) else HOLDS


if __name__ == "__main__":
    sys.exit(main())
