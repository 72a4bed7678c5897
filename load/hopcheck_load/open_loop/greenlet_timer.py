"""Waiting, among greenlets, until an instant: to within some ten microseconds, and without a busy loop.

gevent's own timers are rounded up to whole milliseconds. On Linux a timer of the kernel wakes the event loop, as a
socket does; elsewhere the last two milliseconds are spent polling the clock, in turn with the other greenlets.
"""

from __future__ import annotations

import sys
from time import monotonic_ns
from typing import Protocol

import gevent
from gevent.hub import get_hub

from hopcheck_server.wire.timer import TimerDescriptor

_GEVENT_DELAY_NS = 2_000_000  # gevent's timers can be this late
_READABLE = 1


class GreenletTimer(Protocol):
    """Lets a greenlet wait until an instant."""

    def wait_until(self, at_ns: int) -> None:
        """Return at that time (CLOCK_MONOTONIC), or at once if it has passed."""

    def close(self) -> None:
        """Free the timer's resources."""


class KernelGreenletTimer:
    """Waits for a timer of the Linux kernel."""

    def __init__(self) -> None:
        """Create it.

        Raises:
            OSError: This system has no such timers.
        """
        self._timer = TimerDescriptor()
        self._watcher = get_hub().loop.io(self._timer.fd, _READABLE)

    def wait_until(self, at_ns: int) -> None:
        """See `GreenletTimer`."""
        self._timer.set(at_ns)
        get_hub().wait(self._watcher)
        self._timer.clear()

    def close(self) -> None:
        """See `GreenletTimer`."""
        self._watcher.close()
        self._timer.close()


class PollingGreenletTimer:
    """Polls the clock."""

    def wait_until(self, at_ns: int) -> None:
        """See `GreenletTimer`."""
        left_ns = at_ns - monotonic_ns()
        if left_ns > _GEVENT_DELAY_NS:
            gevent.sleep((left_ns - _GEVENT_DELAY_NS) / 1e9)
        while monotonic_ns() < at_ns:
            gevent.sleep(0)

    def close(self) -> None:
        """See `GreenletTimer`."""


def greenlet_timer() -> GreenletTimer:
    """Return the most precise timer that this system has."""
    if sys.platform == "linux":
        try:
            return KernelGreenletTimer()
        except OSError:
            pass
    return PollingGreenletTimer()
