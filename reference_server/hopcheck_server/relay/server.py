"""One server that hosts many relays by path: `/<name>/v1/…`, or one of them at `/v1/…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.switch_control import CONTROL_PATH, answer_control
from hopcheck_server.wire.server import Server, ServerExchange
from hopcheck_server.wire.tasks import Closing


class RelayServer(Closing):
    """Hosts relays.

    Attributes:
        relays: By the first part of the path; "" is served at the root.
    """

    def __init__(self, relays: Mapping[str, Relay]) -> None:
        """Does not listen yet."""
        self.relays = relays
        self._server = Server(self._handle)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        await self._server.start(host, port)
        return self

    def base_url(self, name: str = "") -> str:
        """The base URL of a relay, with its `/v1`."""
        return f"http://127.0.0.1:{self._server.port}{f'/{name}' if name else ''}/v1"

    def switch_url(self, name: str = "") -> str:
        """The address that turns a relay's backend off and on."""
        return self.base_url(name).removesuffix("/v1") + CONTROL_PATH

    async def _handle(self, exchange: ServerExchange) -> None:
        name = exchange.target.split("/", 2)[1].partition("?")[0] if exchange.target.startswith("/") else ""
        prefix = f"/{name}" if name in self.relays else ""
        if exchange.target == prefix + CONTROL_PATH:
            await answer_control(self.relays[prefix.removeprefix("/")], exchange)
        elif name in self.relays and name:
            await self.relays[name].serve(exchange, f"/{name}")
        elif "" in self.relays:
            await self.relays[""].serve(exchange)
        else:
            await exchange.start(404, [("Content-Length", "0")], "length")

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        await self._server.aclose()
        for relay in self.relays.values():
            relay.close()
