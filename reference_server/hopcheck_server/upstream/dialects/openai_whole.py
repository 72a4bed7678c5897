"""A chat answer that comes again: head and body in one message, ready but for what differs with each attempt."""

from __future__ import annotations

import time

from hopcheck_server.upstream.answer import date_line
from hopcheck_server.upstream.script import Turn


class Whole:
    """A JSON answer with its length, on a connection that is kept.

    Attributes:
        turn: The turn that it says.
    """

    __slots__ = ("_head", "_length", "_rest", "_second", "_size", "_text", "turn")

    def __init__(self, turn: Turn, head: bytes, rest: bytes) -> None:
        """Prepare it.

        Args:
            turn: The turn that it says.
            head: Status and headers, but for the request id.
            rest: The body after its creation time.
        """
        self.turn = turn
        self._head = head.replace(b"%", b"%%")
        self._rest = rest.replace(b"%", b"%%")
        self._length = len(rest)
        self._size = 0
        self._second = 0
        self._text = b""

    def message(self, tag: bytes) -> tuple[bytes, int]:
        """Make the message of an attempt from the digits of its ids: (message, size of its body)."""
        second = int(time.time())
        if second != self._second:
            self._renew(second)
        size = self._size + len(tag)
        return self._text % (tag, size, tag), size

    def _renew(self, second: int) -> None:
        """Write what differs from second to second."""
        start = b'{"id":"chatcmpl-hop'
        middle = b'","object":"chat.completion","created":%d' % second
        lines = b"%bx-request-id: req_hop%%b\r\n%bcontent-length: %%d\r\nconnection: keep-alive\r\n\r\n"
        self._text = lines % (self._head, date_line()) + start + b"%b" + middle + self._rest
        self._size = len(start) + len(middle) + self._length
        self._second = second
