"""Rings at a time, to a fraction of a millisecond where the system can; event loops alone keep whole milliseconds."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import Protocol

SHORTEST_S = 0.001
"""The least time that a loop's own timer is set for: for less, loops spin."""

_CLOCK_MONOTONIC, _ABSOLUTE = 1, 1  # as in <time.h> and <sys/timerfd.h>


class Alarm(Protocol):
    """Calls back once for each time that it is set."""

    def set(self, at: float) -> None:
        """Ring at that time (`time.monotonic`), and not at the one that was set before."""

    def close(self) -> None:
        """Ring no more."""


def alarm(ring: Callable[[], None]) -> Alarm:
    """The best alarm that there is here, for the running loop."""
    if sys.platform == "linux":
        try:
            return KernelAlarm(ring)
        except (OSError, AttributeError, NotImplementedError):  # a libc without it, a loop that can't wait for it
            pass
    return LoopAlarm(ring)


class LoopAlarm:
    """The event loop's own timer."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """See `Alarm`."""
        self.close()
        self._timer = asyncio.get_running_loop().call_later(max(SHORTEST_S, at - monotonic()), self._ring)

    def close(self) -> None:
        """See `Alarm`."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


class _Times(ctypes.Structure):
    """The kernel's `itimerspec`: when to ring for the first time, after how long again."""

    _fields_ = (
        ("again_s", ctypes.c_long),
        ("again_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class KernelAlarm:
    """A timer of the Linux kernel, which a loop waits for as for any other descriptor: timerfd_create(2)."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """Make one for the running loop.

        Raises:
            OSError: The kernel has none to give.
            AttributeError: The C library knows none.
            NotImplementedError: The loop waits for sockets only.
        """
        library = ctypes.CDLL(None, use_errno=True)
        self._set_time = library.timerfd_settime
        self._fd: int = library.timerfd_create(_CLOCK_MONOTONIC, os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._times = _Times()
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        try:
            self._loop.add_reader(self._fd, self._rung)
        except NotImplementedError:
            os.close(self._fd)
            raise

    def set(self, at: float) -> None:
        """See `Alarm`."""
        self._times.at_s, self._times.at_ns = divmod(max(1, int(at * 1e9)), 1_000_000_000)  # 0 would stop it
        self._set_time(self._fd, _ABSOLUTE, ctypes.byref(self._times), None)

    def close(self) -> None:
        """See `Alarm`."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _rung(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew after it had rung
            return
        self._ring()
