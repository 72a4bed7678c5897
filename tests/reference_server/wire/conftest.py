"""Runs a coroutine, and sees that it leaves no task behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

TIMEOUT_S = 10.0
"""For what must happen; a test that needs it fails."""


@pytest.fixture
def alone() -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Run an async function; afterwards no task of it is left."""

    def run(main: Callable[[], Awaitable[Any]]) -> Any:
        async def guarded() -> Any:
            async with asyncio.timeout(TIMEOUT_S):
                result = await main()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

        return asyncio.run(guarded())

    return run
