"""A chat answer that comes again: head and body in one message, ready but for what differs with each attempt."""

from __future__ import annotations

from time import time_ns

from hopcheck_server.upstream.playback.rendered import date_line
from hopcheck_server.upstream.script.turns import Turn

SECOND_NS = 1_000_000_000


class Whole:
    """A JSON answer with its length, on a connection that is kept.

    Attributes:
        turn: The turn that it says.
        size: How many bytes of the latest message are its body.
    """

    __slots__ = (
        "_beyond",
        "_from",
        "_head",
        "_number",
        "_rest",
        "_seed",
        "_text",
        "_until_ns",
        "_written",
        "size",
        "turn",
    )

    def __init__(self, turn: Turn, head: bytes, rest: bytes, seed: bytes) -> None:
        """Prepare it.

        Args:
            turn: The turn that it says.
            head: Status and headers, but for the request id.
            rest: The body after its creation time.
            seed: Hexadecimal digits that its ids begin with; the attempt's number follows.
        """
        self.turn = turn
        self.size = 0
        self._seed = seed
        self._head = head.replace(b"%", b"%%")
        self._rest = rest
        self._until_ns = 0
        self._from = self._beyond = 0  # the numbers with as many digits as the text has room for
        self._text = b""  # with two gaps for the number
        self._number = 0
        self._written = b""  # the message of that number

    def message(self, number: int, now_ns: int) -> bytes:
        """Write the message of an attempt.

        Args:
            number: The attempt's.
            now_ns: The time (CLOCK_MONOTONIC).
        """
        if now_ns >= self._until_ns or not self._from <= number < self._beyond:
            self._renew(number, now_ns)
        elif number == self._number:
            return self._written
        digits = b"%x" % number
        self._number = number
        self._written = written = self._text % (digits, digits)
        return written

    def _renew(self, number: int, now_ns: int) -> None:
        """Write what stays the same for the rest of this second, and for all numbers of as many digits."""
        second, passed_ns = divmod(time_ns(), SECOND_NS)
        self._until_ns = now_ns + SECOND_NS - passed_ns
        digits = len(b"%x" % number)
        self._from, self._beyond = 16 ** (digits - 1), 16**digits
        start = b'{"id":"chatcmpl-hop%b' % self._seed
        rest = b'","object":"chat.completion","created":%d%b' % (second, self._rest)
        self.size = len(start) + digits + len(rest)
        ids = b"x-request-id: req_hop%b%%b" % self._seed
        lines = b"%bcontent-length: %d\r\nconnection: keep-alive" % (date_line(), self.size)
        self._text = b"%b%b\r\n%b\r\n\r\n%b%%b%b" % (self._head, ids, lines, start, rest.replace(b"%", b"%%"))
