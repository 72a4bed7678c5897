"""Access to the application's adapter and settings."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar, cast

from hopcheck_server.proxy.adapters.base import BaseLLMAdapter
from hopcheck_server.proxy.disconnect import DisconnectWatch
from hopcheck_server.proxy.settings import Settings

if TYPE_CHECKING:
    from fastapi import Request

T = TypeVar("T")

READ_METHODS = ["GET", "HEAD"]
"""For every resource that can be read; FastAPI adds no HEAD to a GET."""


def adapter_of(request: Request) -> BaseLLMAdapter:
    """Return the application's adapter."""
    return cast("BaseLLMAdapter", request.app.state.adapter)


def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    return cast("Settings", request.app.state.settings)


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Await `work`, and end it with ClientDisconnected if the client disconnects first."""
    async with DisconnectWatch(request.receive):
        return await work
