"""Targets that are broken on purpose, on raw sockets: each answers chats well, or at once, in one hostile way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress

from hopcheck_server.wire.client import ClientConnection
from hopcheck_server.wire.tasks import cancel
from tests.hostile.behaviours import Behaviour
from tests.hostile.contents import BODIES, CODINGS, REFUSALS, STREAMS
from tests.hostile.echoes import ECHOES
from tests.hostile.framing import BROKEN, DRIPS, ENDLESS
from tests.hostile.messages import completion, response

BEHAVIOURS: dict[str, Callable[[], Behaviour]] = {
    **ENDLESS,
    **DRIPS,
    **BROKEN,
    **CODINGS,
    **BODIES,
    **STREAMS,
    **REFUSALS,
    **ECHOES,
}

GOES = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)
"""What a client's leaving, or a server's, looks like here."""


class HostileTarget:
    """A target that answers the first requests well, and then behaves in its way; `async with` listens."""

    def __init__(self, name: str, well: int = 0, provider_port: int = 0) -> None:
        """Does not listen yet; `well` requests are answered well, by the provider on that port if there is one."""
        self._behaviour = BEHAVIOURS[name]()
        self._well = well
        self._provider_port = provider_port
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        """Listen; returns the base URL."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=32 * 1024 * 1024)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aexit__(self, *_: object) -> None:
        """Stop listening, and drop all connections."""
        assert self._server is not None
        self._server.close()
        await cancel(self._serving)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(*GOES):
                while True:
                    await self._answer(writer, await _request(reader))
        finally:
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()
            with suppress(OSError):
                await asyncio.shield(writer.wait_closed())

    async def _answer(self, writer: asyncio.StreamWriter, request: bytes) -> None:
        if self._well <= 0:
            await self._behaviour(writer, request)
            return
        self._well -= 1
        writer.write(await _relayed(request, self._provider_port) if self._provider_port else response(completion()))


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


async def _relayed(request: bytes, port: int) -> bytes:
    """The provider's response, in one piece."""
    connection = await ClientConnection.open("127.0.0.1", port)
    await connection.send_raw(request)
    await connection.head(10)
    body = b"".join([data async for _, data in connection.chunks(10)])
    connection.close()
    return response(body)


def main() -> None:
    """Serve one behaviour (`python -m tests.hostile.targets NAME WELL`), and print the URL."""

    async def serve() -> None:
        async with HostileTarget(sys.argv[1], int(sys.argv[2])) as url:
            print(url, flush=True)
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
