"""Reading a stream up to where its provider falls silent. Holds no case."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hopcheck import PendingResponse

SILENCE_S = 2.5
"""After the last event, until one that hasn't come is held: a slow target takes less for each."""


async def read_until(live: PendingResponse, has_come: Callable[[], bool]) -> None:
    """Read until it has come, the stream is over, or silent for too long; then hang up."""
    with suppress(TimeoutError):
        while not has_come():
            async with asyncio.timeout(SILENCE_S):
                if await live.event() is None:
                    break
    live.hang_up()
