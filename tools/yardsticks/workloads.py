"""What is asked: a response, a long prompt, streams; and how one block of requests is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Scripts
from tools.yardsticks.client import Connection, Timed
from tools.yardsticks.servers import KEY, Arm

EVENTS = 50
PACE_S = 0.004
PROMPT = "All that a model reads are tokens. " * 1250
"""About 10,000 tokens, 44 kB."""


@dataclass(frozen=True)
class Workload:
    """One kind of request.

    Attributes:
        name: In the table.
        script: What the upstream plays.
        block: Requests in a block, on each connection.
        time_of: The time that counts of a response.
        streams: Whether a stream is asked for.
        prompt: The user's text.
        connections: Used at the same time.
    """

    name: str
    script: str
    block: int
    time_of: Callable[[Timed], float]
    streams: bool = False
    prompt: str = "Hello!"
    connections: int = 1

    def request(self, arm: Arm) -> bytes:
        """The bytes that are sent."""
        text = f"{Marker.make(self.script, 'chat.stream' if self.streams else 'chat', '1')} {self.prompt}"
        fields = {"model": "fake-model", "messages": [{"role": "user", "content": text}]}
        body = json.dumps({**fields, "stream": True} if self.streams else fields).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{arm.port}\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


WORKLOADS = (
    Workload("response", "yardstick.whole", 150, lambda timed: timed.last_s),
    Workload("prompt of 10,000 tokens", "yardstick.whole", 100, lambda timed: timed.last_s, prompt=PROMPT),
    Workload("stream, back to back", "yardstick.burst", 40, lambda timed: timed.last_s, streams=True),
    Workload("stream, paced", "yardstick.paced", 8, lambda timed: timed.mean_event_s, streams=True, connections=8),
)
BARS = {"response": 1.5, "prompt of 10,000 tokens": 1.5, "stream, back to back": 1.3, "stream, paced": 1.3}
OPENED = Workload("streams opened at once", "yardstick.burst", 1000, lambda timed: timed.first_s, streams=True)
OPENED_BAR = 1.5


def scripts() -> Scripts:
    """What the upstream plays, by name."""
    pieces = [f"token{number} " for number in range(EVENTS)]
    turns = {
        "yardstick.whole": reply.chat("A response of a few words, as most are."),
        "yardstick.burst": reply.chat(*pieces),
        "yardstick.paced": reply.chat(*pieces, pace_s=PACE_S),
    }
    return {name: reply.script_of(turn) for name, turn in turns.items()}


@dataclass(frozen=True)
class Block:
    """What one block of requests took: the median time, and processor time for each request, in seconds."""

    time_s: float
    cpu_s: float


async def block(workload: Workload, arm: Arm) -> Block:
    """Send a block of requests, one after another on each connection."""
    connections = [await Connection.open(arm.port) for _ in range(workload.connections)]
    request = workload.request(arm)
    await connections[0].ask(request)
    before = arm.cpu_s()
    times = [
        time for part in await asyncio.gather(*(_asked(workload, one, request) for one in connections)) for time in part
    ]
    cpu_s = (arm.cpu_s() - before) / len(times)
    for connection in connections:
        connection.close()
    return Block(median(times), cpu_s)


async def _asked(workload: Workload, connection: Connection, request: bytes) -> list[float]:
    return [workload.time_of(await connection.ask(request)) for _ in range(workload.block)]


async def opened_at_once(arm: Arm, count: int) -> list[float]:
    """Open connections with a stream each, all at once; gives the times to their first bytes, in ascending order."""
    request, began = OPENED.request(arm), time.perf_counter()

    async def one() -> float:
        connection = await Connection.open(arm.port)
        connected_s = time.perf_counter() - began
        try:
            return connected_s + (await connection.ask(request)).first_s
        finally:
            connection.close()

    return sorted(await asyncio.gather(*(one() for _ in range(count))))


def quantile(values: Sequence[float], q: float) -> float:
    """A quantile of values in ascending order."""
    return values[min(int(len(values) * q), len(values) - 1)]
