"""An event loop that a signal ends in order: what was learnt so far is kept."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
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


def interruption() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets.

    Later ones change nothing, so what is being written is written whole; the signals stay taken for the rest of the
    process, also after the loop is closed. (A loop's own signal handlers go with it, and a second Ctrl-C would end the
    process in the middle of its reports.)
    """
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)

    for number in SIGNALS:
        signal.signal(number, stop)
    return event
