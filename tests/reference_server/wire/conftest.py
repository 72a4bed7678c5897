"""Runs a coroutine, and sees that it leaves no task behind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # in pytest's importlib mode a test's folder is not on the path

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
