"""Mutants that are wrong on one operation alone: all other exchanges go to a healthy twin."""

from __future__ import annotations

from hopcheck.client.operations import OTHER, operation_of
from hopcheck_server.relay import Relay, RelayConfig
from hopcheck_server.relay.messages import IncomingRequest
from hopcheck_server.wire.server import ServerExchange


def restricted(relay: type[Relay], operation: str) -> type[Relay]:
    """A relay class that is what it is on one operation, and healthy on every other.

    The twins share limits, the backend's switch and the log. What belongs to no operation (a body that is no JSON, an
    unknown path) counts for all of them.
    """

    class OnOneOperation(relay):  # type: ignore[valid-type, misc]
        def __init__(self, config: RelayConfig) -> None:
            super().__init__(config)
            self._twin = relay.healthy()(self.config)
            self._twin.limits = self.limits

        async def serve(self, exchange: ServerExchange, prefix: str = "") -> None:
            if operation_asked(exchange, prefix) in (operation, OTHER):
                await super().serve(exchange, prefix)
            else:
                await self._twin.serve(exchange, prefix)

        async def turn(self, *, up: bool) -> None:
            await super().turn(up=up)
            await self._twin.turn(up=up)

        def close(self) -> None:
            super().close()
            self._twin.close()

    OnOneOperation.__name__ = relay.__name__
    OnOneOperation.__doc__ = relay.__doc__
    return OnOneOperation


def operation_asked(exchange: ServerExchange, prefix: str) -> str:
    """The operation of a relay's request, `other` where it belongs to none."""
    incoming = IncomingRequest.of(exchange, prefix, "")
    if incoming.json is None and incoming.method == "POST":
        return OTHER
    return operation_of(incoming.method, incoming.path, incoming.json)
