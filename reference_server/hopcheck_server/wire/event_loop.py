"""The event loop of a command, and its signals.

SIGINT and SIGTERM are handled even where the process was started with them ignored, as a background shell does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

from hopcheck_server.exits import HOLDS, INTERRUPTED

T = TypeVar("T")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fastest event loop that is installed."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this platform
        return None
    return uvloop.new_event_loop


class StopEvent(asyncio.Event):
    """Is set by the first SIGINT or SIGTERM.

    Attributes:
        exit_code: 130 if the signal was SIGINT, otherwise 0.
    """

    exit_code = HOLDS

    def stop(self, number: int) -> None:
        """Set the event because of a signal; later signals change nothing."""
        if not self.is_set():
            self.exit_code = INTERRUPTED if number == signal.SIGINT else HOLDS
            self.set()


def stop_event() -> StopEvent:
    """Return an event that the first SIGINT or SIGTERM sets.

    The handlers stay for the rest of the process, also after the loop is closed, so that no signal interrupts what is
    written at the end. (A loop's own signal handlers go with it, and a second Ctrl-C would end the process in the
    middle of its reports.)
    """
    loop, event = asyncio.get_running_loop(), StopEvent()

    def stop(number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.stop, number)

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    return event


def raise_interrupt_on(*numbers: signal.Signals) -> None:
    """Let signals raise KeyboardInterrupt, as Python does for SIGINT unless the process was started with it ignored."""
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
