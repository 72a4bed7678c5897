"""What every endpoint needs from the application."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar, cast

from ..adapters.base import BaseLLMAdapter
from ..hangup import HangUpWatch
from ..settings import Settings

if TYPE_CHECKING:
    from fastapi import Request

T = TypeVar("T")


def adapter_of(request: Request) -> BaseLLMAdapter:
    """The application's adapter."""
    return cast("BaseLLMAdapter", request.app.state.adapter)


def settings_of(request: Request) -> Settings:
    """The application's settings."""
    return cast("Settings", request.app.state.settings)


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Await `work`, and end it with ClientGone when the client hangs up first."""
    async with HangUpWatch(request.receive):
        return await work
