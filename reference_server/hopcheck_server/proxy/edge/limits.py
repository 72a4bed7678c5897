"""What a client may take before it has shown a key, and what it may leave unread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hopcheck_server.proxy.edge.protocol import EdgeProtocol

MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_FIELDS = 200
MAX_UNSENT_BYTES = 16 * 1024
"""What may wait for a slow client besides what the kernel keeps, before no more is sent to it."""

MAX_PIPELINED = 32
"""Requests that wait behind another one on a connection; it is closed after those."""


@dataclass(frozen=True)
class EdgeLimits:
    """What clients without a key may take.

    Attributes:
        head_timeout_s: For a request's head.
        send_timeout_s: For taking a part of what waits to be sent.
        max_clients: Connections at the same time.
        waiting: Those of which a head is expected, the oldest first: they give way where there are too many.
    """

    head_timeout_s: float = 10.0
    send_timeout_s: float = 120.0
    max_clients: int = 4000
    waiting: dict[EdgeProtocol, None] = field(default_factory=dict, compare=False, repr=False)


class UnreadTimer:
    """Disconnects a client that takes nothing of what waits for it: it would hold its memory for ever.

    Args:
        transport: Of the connection.
        timeout_s: The time in which it has to take a part.
    """

    def __init__(self, transport: asyncio.Transport, timeout_s: float) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to wait, if anything waits to be sent."""
        waiting = self._transport.get_write_buffer_size()
        if waiting and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._timeout_s, self._on_timeout, waiting)

    def stop(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self, waited: int) -> None:
        self._timer = None
        if self._transport.get_write_buffer_size() < waited:
            self.start()
        else:
            self._transport.abort()
