"""One request that arrived at the upstream, as the server keeps it: raw, and made into an `Attempt` when somebody asks.

Most attempts under load are never looked at, so what can be worked out later is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from hopcheck_server.upstream.journal.attempt import Attempt, Ending, Times

RawHeaders = list[tuple[bytes, bytes]]


class RequestHead:
    """The head of a request; never changed, so requests with the same head can share it.

    Attributes:
        method: The HTTP method.
        url: The request target.
        headers: As they came.
        keep_alive: Whether the connection can serve another request.
        http10: Whether the peer speaks HTTP/1.0.
        length: The size of the body in bytes.
    """

    def __init__(
        self, method: bytes, url: bytes, headers: RawHeaders, *, keep_alive: bool, http10: bool, length: int
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.keep_alive = keep_alive
        self.http10 = http10
        self.length = length

    @cached_property
    def key(self) -> str:
        """The credential that came with it (see `Attempt.key`)."""
        api_key = ""
        for name, value in self.headers:
            if len(name) == 13 and name.lower() == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                if scheme.lower() == "bearer":
                    return token
            elif len(name) == 7 and not api_key and name.lower() == b"api-key":
                api_key = value.decode("latin-1")
        return api_key

    @cached_property
    def takes_gzip(self) -> bool:
        """Whether its sender can read gzip: who says nothing of encodings takes any."""
        told = [value.decode("latin-1") for name, value in self.headers if name.lower() == b"accept-encoding"]
        codings = (coding.replace(" ", "").lower().partition(";") for coding in ",".join(told).split(","))
        wanted = {name for name, _, weight in codings if not re.fullmatch(r"q=0(\.0*)?", weight)}
        return not told or bool(wanted & {"gzip", "x-gzip", "*"})


class Arrival:
    """A request and what became of it.

    Attributes:
        head: Its head.
        body: The raw body.
        connection: Number of the TCP connection.
        received_ns: When the last byte of the request was read.
        sent: Times and sizes of the body's writes in turn: times at even places, sizes at odd ones. Plain numbers, so
            that a hundred thousand of them don't occupy the garbage collector.

    The others are those of `Attempt`.
    """

    __slots__ = (
        "body",
        "connection",
        "ended",
        "ended_ns",
        "head",
        "head_sent_ns",
        "marker",
        "model",
        "number",
        "received_ns",
        "script",
        "sent",
    )

    def __init__(self, head: RequestHead, body: bytes, connection: int, received_ns: int) -> None:
        self.head = head
        self.body = body
        self.connection = connection
        self.received_ns = received_ns
        self.marker = self.script = self.model = ""
        self.number = 1
        self.head_sent_ns = self.ended_ns = 0
        self.ended: Ending = ""
        self.sent: Sequence[int] = ()

    def again(self, number: int, connection: int, received_ns: int, sent_ns: int, size: int) -> Arrival:
        """A request of the same bytes that was answered at once, in one write of so many body bytes."""
        other = Arrival(self.head, self.body, connection, received_ns)
        other.marker, other.script, other.model, other.number = self.marker, self.script, self.model, number
        other.head_sent_ns = other.ended_ns = sent_ns
        other.sent, other.ended = (sent_ns, size), "answered"
        return other

    def attempt(self) -> Attempt:
        """What is known by now, as a value of its own."""
        return Attempt(
            marker=self.marker,
            script=self.script,
            number=self.number,
            model=self.model,
            method=self.head.method.decode("latin-1"),
            path=self.head.url.decode("latin-1"),
            headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self.head.headers],
            body=self.body,
            connection=self.connection,
            received_ns=self.received_ns,
            head_sent_ns=self.head_sent_ns,
            sent=list(zip(self.sent[::2], self.sent[1::2], strict=True)),
            ended_ns=self.ended_ns,
            ended=self.ended,
        )

    def times(self) -> Times:
        """When it went through."""
        first, last = (self.sent[0], self.sent[-2]) if self.sent else (0, 0)
        return Times(self.marker, self.number, self.received_ns, self.head_sent_ns, first, last, self.ended_ns)
