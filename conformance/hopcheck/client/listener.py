"""A listener of the suite's own: somewhere that no request of a target's may ever go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Listener:
    """A port on which nobody is expected.

    Attributes:
        url: Its address.
        heads: The first bytes of each connection, as far as they had come when it was looked at.
    """

    url: str = ""
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listener() -> AsyncIterator[Listener]:
    """Listen on a free port of this machine; every connection is noted, and closed without a response."""
    noted = Listener()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        noted.heads.append(b"")
        place = len(noted.heads) - 1
        try:
            noted.heads[place] = await asyncio.wait_for(reader.read(4096), 1.0)
        except (TimeoutError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        noted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield noted
