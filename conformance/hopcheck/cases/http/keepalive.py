"""Connections that serve more than one request."""

from collections.abc import Awaitable, Callable
from typing import Any

from hopcheck import (
    FORWARDED,
    GENERATING,
    STREAMED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Response,
    ServerExchange,
    Target,
    case,
    expect,
    function_tools,
)

CLOSED = "closed, as announced"


def announces_close(answer: Response) -> bool:
    """Whether an answer says that its connection ends with it."""
    framed = answer.header("content-length") is not None or answer.header("transfer-encoding") is not None
    return answer.version == "1.0" or not framed or "close" in ",".join(answer.all("connection")).lower()


FIELDS: dict[str, Any] = {"temperature": 0.25, "tools": function_tools("look_up")}
"""What the first request of a connection has, and the next one hasn't."""

DROPPED = "stream.done-once:DropsTheConnection"


@case("http.keepalive", level="SHOULD", on=FORWARDED, refs=["RFC 9112 9.3", "RFC 9112 9.6"], trips_on=[DROPPED])
async def keepalive(target: Target, ask: Operation) -> Findings:
    """After an answer, a stream or an error, a connection serves the next request, unless its end was announced.

    That nothing of one request goes into the next is judged on every exchange.
    """
    fields = FIELDS if ask.generates else {}
    asks: dict[str, Callable[[Any], Awaitable[Response]]] = {
        "an answer": lambda connection: ask(connection=connection, **fields),
        "an error": lambda connection: target.request("POST", ask.path, body=b"{", connection=connection),
    }
    for name, first in asks.items():
        connection = await target.connect()
        closed = announces_close(await first(connection))
        second = CLOSED if closed else (await ask(connection=connection)).status
        connection.close()
        yield expect(f"next after {name}", second, one_of=[200, CLOSED])


class Hasty(Relay):
    """Closes connections without saying so, after requests of one kind."""

    def hasty(self, body: bytes) -> bool:
        """Whether the connection is closed after a request with this body."""
        return True

    async def serve(self, exchange: ServerExchange, prefix: str = "") -> None:
        """Answer, and close."""
        await super().serve(exchange, prefix)
        if self.hasty(exchange.body):
            exchange.abort()


@keepalive.mutant(killed_by="next after an answer", trips=("errors.sdk-class",))
class OneRequestEach(Hasty):
    """Every connection is closed after its first answer, which doesn't say so."""


@keepalive.mutant(killed_by="next after an answer", on=STREAMED)
class ClosesAfterStreams(Hasty):
    """A stream is ended twice: by its last chunk, and by closing the connection."""

    def hasty(self, body: bytes) -> bool:
        return b'"stream":true' in body


@keepalive.mutant(killed_by="next after an error")
class ClosesAfterNonsense(Hasty):
    """A client whose JSON is broken loses its connection, though its answer doesn't say so."""

    def hasty(self, body: bytes) -> bool:
        return body == b"{"


@keepalive.mutant(killed_by="request-fidelity", on=GENERATING)
class RemembersConnections(Relay):
    """What later requests of a connection leave out is taken from its first."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        known = self.__dict__.setdefault("known", {})
        first = known.setdefault(outgoing.incoming.exchange.connection, outgoing.json)
        return outgoing.with_json({**first, **outgoing.json}) if first.keys() - outgoing.json.keys() else outgoing
