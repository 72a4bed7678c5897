"""One request that arrived at the upstream, as the journal keeps it; made into an `Attempt` when somebody asks.

Most attempts under load are never looked at, so what can be worked out later is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from hopcheck_server.upstream.journal.attempt import KEY_HEADERS, Attempt, Ending, SentResponse, Times
from hopcheck_server.wire.exchange import ServerExchange
from hopcheck_server.wire.headers import WHITE_SPACE, Fields, Headers

NOT_SENT = b""

_KEY_HEADERS = frozenset(name.encode() for name in KEY_HEADERS)
_LENGTHS = frozenset(map(len, KEY_HEADERS))  # for a quick look: most headers have another one


@dataclass(slots=True, eq=False)
class Arrival:
    """A request and what happened to it.

    Attributes:
        fields: The header fields as the parser gave them.
        response_head: The status line and header lines of the response, without those that frame its body.
        promised_bytes: The length of the body that its head claims, if not the truth: what follows is no part of it.
        response_parts: The parts of the response's body, neither compressed nor framed, also those that were not sent;
            None if the journal has let go of them.
        sent: Times and sizes of the body's writes in turn: times at even places, sizes at odd ones. Plain numbers, so
            that a hundred thousand of them don't occupy the garbage collector.

    The others are those of `Attempt`.
    """

    method: str
    path: str
    fields: Fields
    body: bytes
    connection: int = 0
    received_ns: int = 0
    marker: str = ""
    script: str = ""
    model: str = ""
    number: int = 1
    head_sent_ns: int = 0
    ended_ns: int = 0
    ended: Ending = ""
    sent: Sequence[int] = ()
    promised_bytes: int | None = None
    response_head: bytes = NOT_SENT
    response_parts: Iterable[bytes] | None = ()

    @classmethod
    def of(cls, exchange: ServerExchange) -> Self:
        """The request of an exchange."""
        return cls(
            exchange.method, exchange.target, exchange.fields, exchange.body, exchange.connection, exchange.received_ns
        )

    @property
    def headers(self) -> Headers:
        """The header fields, in order and case."""
        return Headers.of(self.fields)

    @property
    def key(self) -> str:
        """The credential that came with it (see `Attempt.key`)."""
        api_key = ""
        for name, value in self.fields:
            if len(name) == 13 and name.lower() == b"authorization":
                scheme, _, token = value.strip(WHITE_SPACE).decode("latin-1").partition(" ")
                if scheme.lower() == "bearer":
                    return token
            elif len(name) in _LENGTHS and not api_key and name.lower() in _KEY_HEADERS:
                api_key = value.strip(WHITE_SPACE).decode("latin-1")
        return api_key

    def attempt(self) -> Attempt:
        """What is known by now, as a value of its own."""
        return Attempt(
            marker=self.marker,
            script=self.script,
            number=self.number,
            model=self.model,
            method=self.method,
            path=self.path,
            headers=[(name.lower(), value) for name, value in self.headers],
            body=self.body,
            connection=self.connection,
            received_ns=self.received_ns,
            head_sent_ns=self.head_sent_ns,
            sent=list(zip(self.sent[::2], self.sent[1::2], strict=True)),
            ended_ns=self.ended_ns,
            ended=self.ended,
            response=self._response(),
        )

    def _response(self) -> SentResponse | None:
        if not self.response_head or self.response_parts is None:
            return None
        status, *lines = self.response_head.decode("latin-1").rstrip("\r\n").split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        headers = [(name, value) for name, _, value in pairs]
        body = b"".join(self.response_parts)[: sum(self.sent[1::2])]
        return SentResponse(int(status.split()[1]), headers, body[: self.promised_bytes])

    def times(self) -> Times:
        """When it went through."""
        first, last = (self.sent[0], self.sent[-2]) if self.sent else (0, 0)
        return Times(self.marker, self.number, self.received_ns, self.head_sent_ns, first, last, self.ended_ns)
