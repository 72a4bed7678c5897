"""Who holds a port where hopcheck's upstream was to listen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hopcheck_server.wire.client import ClientConnection
from hopcheck_server.wire.responses import Broken, ConnectFailed

LOOK_S = 3.0
"""How long that may take, in seconds."""

MAX_BODY_BYTES = 4096

PROGRAMS = {
    b"ollama is running": "Ollama",
    b"missing_recording": "`hopcheck replay`",
    b"litellm": "LiteLLM",
}
"""By what their answer to `GET /` holds, in lower case."""


async def describe_holder(port: int, host: str = "127.0.0.1") -> str:
    """What listens at a port, in a few words, as far as its answer to `GET /` tells."""
    try:
        async with asyncio.timeout(LOOK_S):
            return await _look(port, host)
    except (TimeoutError, ConnectFailed, Broken):
        return "it gives no HTTP answer"


async def _look(port: int, host: str) -> str:
    connection = await ClientConnection.open(host, port, timeout_s=LOOK_S)
    try:
        await connection.send("GET", "/", [("Host", f"{host}:{port}"), ("Accept", "*/*")])
        head = await connection.head(LOOK_S)
        body = b""
        async for _, data in connection.chunks(LOOK_S):
            body += data
            if len(body) > MAX_BODY_BYTES:
                break
        return _described(head.status, head.headers, body[:MAX_BODY_BYTES])
    finally:
        connection.abort()


def _described(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> str:
    known = next((name for sign, name in PROGRAMS.items() if sign in body.lower()), "")
    if known:
        return f"by its answer it is {known}"
    server = next((value for name, value in headers if name.lower() == "server"), "")
    return f"it answers GET / with {status}" + (f", as the server {server[:60]!r}" if server else "")
