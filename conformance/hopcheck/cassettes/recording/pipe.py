"""Records what passes between a client and a server, in both directions, with its times.

Nothing is parsed, joined, split or held back here, so the only cost is a copy; `exchanges` reads the record
afterwards, or when it has become long.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hopcheck_server.wire.pipe import Observer, Pipe, PipeEvent
from hopcheck_server.wire.pool import Origin

_REQUEST = re.compile(rb"[A-Z]+ [^\r\n]+ HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"(?i)(\r\nhost:[ \t]*)[^\r\n]*")

UNREAD_BYTES = 4 * 1024 * 1024
EVENT_BYTES = 200
"""What an event takes besides its data."""


class RecordingPipe(Pipe):
    """A pipe that keeps what it sees.

    Args:
        server: Where bytes are passed on to.
        as_host: Whether requests are made to name the server in their Host field.

    Attributes:
        connections: The events of each connection, in the order in which the connections began.
        read: Is called when there are `UNREAD_BYTES` of them; it takes them away.
    """

    def __init__(self, server: Origin, *, as_host: bool = False) -> None:
        super().__init__(server, observe=self._new_record, edit_request=self._name_host if as_host else None)
        self.connections: list[list[PipeEvent]] = []
        self.read: Callable[[], None] = lambda: None
        self._unread_bytes = 0

    def _new_record(self) -> Observer:
        events: list[PipeEvent] = []
        self.connections.append(events)

        def keep(event: PipeEvent) -> None:
            events.append(event)
            self._unread_bytes += EVENT_BYTES + len(event.data)
            if self._unread_bytes > UNREAD_BYTES:
                self._unread_bytes = 0
                self.read()

        return keep

    def _name_host(self, data: bytes) -> bytes:
        if not _REQUEST.match(data):
            return data
        return _HOST.sub(lambda match: match[1] + self.backend.authority.encode(), data, count=1)
