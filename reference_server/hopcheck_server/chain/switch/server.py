"""A switch: a TCP pipe to a backend, with a gate that HTTP requests open and close."""

from __future__ import annotations

from typing import Self

from hopcheck_server.relay.switch_control import CONTROL_PATH, answer_control
from hopcheck_server.wire.pipe import Pipe
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import Server, ServerExchange
from hopcheck_server.wire.tasks import Closing

HOST = "127.0.0.1"


class Switch(Closing):
    """Stands in front of a backend, and can make it look as if its process had gone.

    Args:
        host: The backend's host.
        port: The backend's port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._pipe = Pipe(Origin.of(f"http://{host}:{port}"))
        self._control = Server(self._handle)

    async def start(self, port: int = 0, control_port: int = 0) -> Self:
        """Listen on both ports; 0 takes a free one. Raises OSError."""
        await self._pipe.start(port, HOST)
        await self._control.start(HOST, control_port)
        return self

    @property
    def up(self) -> bool:
        """Whether the backend can be reached."""
        return self._pipe.is_open

    @property
    def url(self) -> str:
        """The address at which a proxy finds the backend."""
        return f"http://{HOST}:{self._pipe.port}"

    @property
    def control_url(self) -> str:
        """The address that turns the switch."""
        return f"http://{HOST}:{self._control.port}{CONTROL_PATH}"

    async def turn(self, *, up: bool) -> None:
        """Let the backend be reached, or not; returns when that is done."""
        await (self._pipe.open() if up else self._pipe.shut())

    async def _handle(self, exchange: ServerExchange) -> None:
        if exchange.target == CONTROL_PATH:
            await answer_control(self, exchange)
        else:
            await exchange.start(404, [("Content-Length", "0")], "length")

    async def aclose(self) -> None:
        """Stop listening, and reset what is open."""
        await self._pipe.shut()
        await self._pipe.aclose()
        await self._control.aclose()
