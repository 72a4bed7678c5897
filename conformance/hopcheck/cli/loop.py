"""An event loop that a signal ends in order: what was learnt so far is kept."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fastest loop there is."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class Interruption:
    """Set by the first SIGINT or SIGTERM; later ones change nothing, so what is being written is written whole."""

    def __init__(self) -> None:
        """Take the signals over, for the rest of the process: its end is near once one came."""
        self.event = asyncio.Event()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self.event.set)

    @property
    def happened(self) -> bool:
        """Whether a signal came."""
        return self.event.is_set()

    async def until(self, items: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield items until they end or a signal comes."""
        stopped = asyncio.ensure_future(self.event.wait())
        iterator = aiter(items)
        try:
            while True:
                following = asyncio.ensure_future(anext(iterator, None))
                await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if stopped.done():
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
                    return
                item = following.result()
                if item is None:
                    return
                yield item
        finally:
            stopped.cancel()
            await _close(iterator)


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        await close()


def ignore_signals() -> None:
    """From here to the end nothing may be lost."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
