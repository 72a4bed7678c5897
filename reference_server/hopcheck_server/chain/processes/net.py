"""Free ports, and the status of one GET, for starting servers."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port that was free just now. Another process may take it first, so be prepared to try again."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


async def http_status(port: int, path: str, headers: Mapping[str, str] = {}, *, timeout_s: float = 2.0) -> int | None:
    """Return the status of `GET path` on a local port, or None without a valid response within the time."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(timeout_s):
            return await _get(port, path, headers)
    return None


async def _get(port: int, path: str, headers: Mapping[str, str]) -> int:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        lines = [f"GET {path} HTTP/1.1", f"host: {LOOPBACK}:{port}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
