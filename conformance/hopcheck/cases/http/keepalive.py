"""Connections that serve more than one request."""

from collections.abc import Awaitable, Callable
from typing import Any

from hopcheck import Findings, OutgoingRequest, Relay, Response, ServerExchange, Target, case, expect

CLOSED = "closed, as announced"


def announces_close(answer: Response) -> bool:
    """Whether an answer says that its connection ends with it."""
    framed = answer.header("content-length") is not None or answer.header("transfer-encoding") is not None
    return answer.version == "1.0" or not framed or "close" in ",".join(answer.all("connection")).lower()


DROPPED = "stream.done-once:DropsTheConnection"


@case(
    "http.keepalive",
    level="SHOULD",
    because="it asks on several operations",
    refs=["RFC 9112 9.3", "RFC 9112 9.6"],
    trips_on=[DROPPED],
)
async def keepalive(target: Target) -> Findings:
    """After an answer, a stream or an error, a connection serves the next request, unless its end was announced."""
    asks: dict[str, Callable[[Any], Awaitable[Response]]] = {
        "an answer": lambda connection: target.chat.create(connection=connection),
        "a stream": lambda connection: target.chat.stream(connection=connection),
        "an error": lambda connection: target.request("POST", "/chat/completions", body=b"{", connection=connection),
    }
    for name, ask in asks.items():
        connection = await target.connect()
        closed = announces_close(await ask(connection))
        second = CLOSED if closed else (await target.chat.create(connection=connection)).status
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


@keepalive.mutant(killed_by="next after a stream")
class ClosesAfterStreams(Hasty):
    """A stream is ended twice: by its last chunk, and by closing the connection."""

    def hasty(self, body: bytes) -> bool:
        return b'"stream":true' in body


@keepalive.mutant(killed_by="next after an error")
class ClosesAfterNonsense(Hasty):
    """A client whose JSON is broken loses its connection, though its answer doesn't say so."""

    def hasty(self, body: bytes) -> bool:
        return body == b"{"


@case(
    "http.upstream-keepalive",
    level="SHOULD",
    because="it asks on several operations",
    refs=["RFC 9112 9.3", "litellm#14384", "litellm#17388"],
    needs=["two_sided"],
    isolation="exclusive",  # so that no other case takes connections from the pool
    floods=True,
    trips_on=[DROPPED],
)
async def upstream_keepalive(target: Target) -> Findings:
    """Connections to the upstream are used again, after answers and after streams."""
    for name, ask in {"answers": target.chat.create, "streams": target.chat.stream}.items():
        before = await target.connections()
        used = {(await target.forwarded(await ask())).connection for _ in range(8)}
        yield expect(f"new connections for 8 {name}", len([number for number in used if number > before]), at_most=4)


@upstream_keepalive.mutant(killed_by="new connections for 8 answers")
class ConnectsEachTime(Relay):
    """Every upstream request opens a connection."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self._provider.close()
        return outgoing


@upstream_keepalive.mutant(killed_by="new connections for 8 streams")
class ConnectsForStreams(Relay):
    """Streams are asked for on connections of their own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.streams:
            self._provider.close()
        return outgoing
