"""Sends requests to a replay server as a proxy would, and returns the response chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hopcheck.cassettes import Cassette, Interaction
from hopcheck.replay import ReplayServer
from hopcheck_server.wire.client import Broken, ClientConnection

MARKED = "hopcheck:stream.done-once~~chat.stream:n0"


@dataclass
class Received:
    """What was received: status, headers, body pieces with their times (ns), how it ended."""

    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    ended: str = ""
    sent_ns: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)


def port_of(server: ReplayServer) -> int:
    return int(server.url.rpartition(":")[2])


async def open_to(server: ReplayServer) -> ClientConnection:
    return await ClientConnection.open("127.0.0.1", port_of(server))


async def send(
    connection: ClientConnection,
    one: Interaction,
    key: str = "",
    body: bytes | None = None,
    fields: Sequence[tuple[str, str]] = (),
) -> int:
    request = one.request
    sent = request.body if body is None else body
    headers = [("host", "litellm"), ("content-type", "application/json"), ("content-length", str(len(sent)))]
    headers += [*fields, *([("authorization", f"Bearer {key}")] if key else [])]
    return await connection.send(request.method, request.path, headers, sent)


async def ask(
    server: ReplayServer,
    one: Interaction,
    key: str = "",
    body: bytes | None = None,
    fields: Sequence[tuple[str, str]] = (),
) -> Received:
    connection = await open_to(server)
    received = Received(sent_ns=await send(connection, one, key, body, fields))
    try:
        head = await connection.head(5)
        received.status, received.headers = head.status, head.headers
        async for piece in connection.chunks(5):
            received.pieces.append(piece)
        received.ended = "complete"
    except Broken as broken:
        received.ended = broken.ended
    finally:
        connection.close()
    return received


def by_name(*cassettes: Cassette) -> dict[str, Cassette]:
    """Cassettes by their names, as those of the operation that the samples' markers name, of any provider."""
    return {one.name: one for one in (replace(cassette, operation="chat") for cassette in cassettes)}
