"""Detects that a client has disconnected during its request, and ends the work at once."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hopcheck_server.proxy.errors import ClientDisconnected

if TYPE_CHECKING:
    from starlette.types import Receive


class DisconnectWatch:
    """Cancels the body of `async with` when the client disconnects, and raises ClientDisconnected in its place.

    The request body must have been read: after it `receive` only reports the disconnect.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._has_disconnected = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_disconnected = True
        self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.cancel()
        if not self._has_disconnected:
            return
        if kind is None or not issubclass(kind, asyncio.CancelledError):
            await self._take_cancellation()
        # Others may have cancelled this task as well (a server that stops): then it stays cancelled.
        if self._task.uncancel() == 0:
            raise ClientDisconnected from error

    async def _take_cancellation(self) -> None:
        """Receive the cancellation that `_watch` requested as the body was finishing."""
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return
