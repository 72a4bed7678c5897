"""How a switch is turned: `PUT /_hopcheck/backend` with `{"up": false}` or `{"up": true}`; answered when it is done."""

from __future__ import annotations

import json
from typing import Protocol

from hopcheck_server.wire.client import Broken, ConnectFailed
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import ServerExchange

PATH = "/_hopcheck/backend"
"""Below the root, or a relay's own path."""

_TIMEOUT_S = 10.0


class Switchable(Protocol):
    """What can be turned."""

    @property
    def up(self) -> bool:
        """Whether the backend can be reached."""

    async def turn(self, *, up: bool) -> None:
        """Let the backend be reached, or not."""


async def answer(switch: Switchable, exchange: ServerExchange) -> None:
    """Answer a control request."""
    try:
        wanted = json.loads(exchange.body)["up"] if exchange.method == "PUT" else switch.up
    except (ValueError, KeyError, TypeError):
        wanted = None
    if isinstance(wanted, bool):
        await switch.turn(up=wanted)
    said = json.dumps({"up": switch.up}).encode()
    status = 200 if isinstance(wanted, bool) else 400
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(said)))]
    await exchange.start(status, head, "length")
    await exchange.write(said)


async def turn(url: str, *, up: bool) -> None:
    """Turn the switch whose control is at this URL.

    Raises:
        OSError: It isn't there, or didn't do it.
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
