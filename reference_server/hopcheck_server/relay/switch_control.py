"""The control of a backend switch: `PUT /_hopcheck/backend` with `{"up": false}`, answered when that is done."""

from __future__ import annotations

import json
from typing import Protocol

from hopcheck_server.page_guard import page_refusal
from hopcheck_server.wire.client import Broken, ConnectFailed
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import ServerExchange

CONTROL_PATH = "/_hopcheck/backend"
"""Below the root, or below a relay's own path."""

_TIMEOUT_S = 10.0


class Switchable(Protocol):
    """A server whose backend can be taken away."""

    @property
    def up(self) -> bool:
        """Whether the backend can be reached."""

    async def turn(self, *, up: bool) -> None:
        """Let the backend be reached, or not."""


async def answer_control(switch: Switchable, exchange: ServerExchange) -> None:
    """Turn a switch as a request asks for, and answer the request; one that a web page may have made gets a 400."""
    try:
        wanted = json.loads(exchange.body)["up"] if exchange.method == "PUT" else switch.up
    except (ValueError, KeyError, TypeError):
        wanted = None
    if page_refusal(exchange, any_host=not exchange.is_local):
        wanted = None
    if isinstance(wanted, bool):
        await switch.turn(up=wanted)
    body = json.dumps({"up": switch.up}).encode()
    status = 200 if isinstance(wanted, bool) else 400
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    await exchange.start(status, head, "length")
    await exchange.write(body)


async def turn(url: str, *, up: bool) -> None:
    """Turn the switch whose control is at a URL.

    Raises:
        OSError: No switch answers there, or it failed.
    """
    origin, body = Origin.of(url), json.dumps({"up": up}).encode()
    try:
        connection = await origin.connect(timeout_s=_TIMEOUT_S)
    except ConnectFailed as error:
        raise OSError(f"nothing answers at {url}") from error
    try:
        headers = [("Host", origin.authority), ("Content-Length", str(len(body)))]
        await connection.send("PUT", origin.prefix, headers, body)
        head = await connection.head(_TIMEOUT_S)
    except Broken as error:
        raise OSError(f"{url} ended the connection ({error.ended})") from error
    finally:
        connection.abort()
    if head.status != 200:
        raise OSError(f"{url} answered {head.status}: it is no switch of hopcheck's")
