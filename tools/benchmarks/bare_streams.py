"""A bare server of paced streams on uvloop: what the same events cost that nothing is rendered, chosen or journaled of.

    python tools/benchmarks/bare_streams.py EVENTS RATE

Every POST gets a stream with that many events, at that rate a second; a GET, the lag of each event behind its time, in
milliseconds. `upstream_streams.py` holds the upstream against it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import monotonic
from typing import cast

import uvloop

from hopcheck_server.upstream.playback.clock import Clock

DATA = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n'.ljust(240)
EVENT = b"%x\r\n%b\r\n" % (len(DATA), DATA)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
END_HEAD = b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n"


class Stream(asyncio.Protocol):
    """One client's stream."""

    def __init__(self, clock: Clock, lags_ms: list[float], events: int, rate: float) -> None:
        self.due = 0.0
        self._clock, self._lags_ms = clock, lags_ms
        self._left, self._pace_s = events, 1 / rate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self._transport.write(END_HEAD + json.dumps(self._lags_ms).encode())
            self._transport.close()
            return
        self._transport.write(HEAD)
        self._next = monotonic()
        self.step()

    def step(self) -> None:
        """Send an event; see `Sleeper`."""
        self._lags_ms.append((monotonic() - self._next) * 1000)
        self._transport.write(EVENT)
        self._left -= 1
        self._next += self._pace_s
        if self._left:
            self._clock.wake(self, self._next)
        else:
            self._transport.close()


async def serve(events: int, rate: float) -> None:
    clock, loop = Clock(), asyncio.get_running_loop()
    lags_ms: list[float] = []
    server = await loop.create_server(lambda: Stream(clock, lags_ms, events, rate), "127.0.0.1", 0, backlog=2048)
    print(f"bare streams on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])))
