"""A server that freezes for one second in every five: `python -m tools.calibrate.frozen_server`.

Nothing at all runs in it meanwhile, so requests wait unread, as behind a process that collects garbage or is stopped.
"""

from __future__ import annotations

import asyncio
import json
import time

from hopcheck_load.measurement.workloads import TEXT

PERIOD_S = 5.0
FREEZE_S = 1.0

# The text that a response to a request under load must have.
_MESSAGE = {"role": "assistant", "content": TEXT}
BODY = json.dumps({"object": "chat.completion", "choices": [{"message": _MESSAGE}]})
ANSWER = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n{BODY}".encode()


def truth_ms(quantile: float) -> float:
    """Return the true quantile of requests that arrive at any time, and are answered at once between freezes."""
    share = FREEZE_S / PERIOD_S
    return max(0.0, (quantile - 1 + share) / share * FREEZE_S * 1e3)


class Frozen(asyncio.Protocol):
    """Answers every request at once, except while the process is frozen."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for responses."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer; the heads of all requests arrive in one piece, and no body has an empty line."""
        if b"\r\n\r\n" in data:
            self.transport.write(ANSWER)


async def serve() -> None:
    """Serve, and freeze periodically."""
    server = await asyncio.get_running_loop().create_server(Frozen, "127.0.0.1", 0)
    print(f"frozen at times, on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while True:
        await asyncio.sleep(PERIOD_S - FREEZE_S)
        time.sleep(FREEZE_S)  # noqa: ASYNC251 - the freeze itself


if __name__ == "__main__":
    asyncio.run(serve())
