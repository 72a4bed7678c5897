"""Alarms that ring at a time, to a fraction of a millisecond where the system can (event loops alone keep whole ones).

Also `News`: one timer for the many short waits of a reader, each of which has a time limit.
"""

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
        except (OSError, NotImplementedError):  # a libc without it, a loop that can't wait for it
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


class _TimerSpec(ctypes.Structure):
    """The kernel's `itimerspec`: the time of the first expiration, and the interval after it."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "at_s", "at_ns"))


class TimerDescriptor:
    """A timer of the Linux kernel that is a file descriptor, for any event loop: timerfd_create(2).

    Attributes:
        fd: The descriptor; it is readable once the timer has expired.
    """

    def __init__(self) -> None:
        """Create one that isn't set.

        Raises:
            OSError: The kernel or the C library has no such timers.
        """
        library = ctypes.CDLL(None, use_errno=True)
        try:
            self._set_time = library.timerfd_settime
            self.fd: int = library.timerfd_create(_CLOCK_MONOTONIC, os.O_CLOEXEC | os.O_NONBLOCK)
        except AttributeError as error:
            raise OSError("the C library has no timerfd_create") from error
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _TimerSpec()

    def set(self, at_ns: int) -> None:
        """Expire at that time (CLOCK_MONOTONIC), and not at the one that was set before."""
        self._spec.at_s, self._spec.at_ns = divmod(max(1, at_ns), 1_000_000_000)  # 0 would stop the timer
        self._set_time(self.fd, _ABSOLUTE, ctypes.byref(self._spec), None)

    def clear(self) -> bool:
        """Make the descriptor unreadable again; returns whether the timer had expired."""
        try:
            os.read(self.fd, 8)
        except BlockingIOError:  # it was set again after it had expired
            return False
        return True

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.fd)


class KernelAlarm:
    """A timer of the Linux kernel, which a loop waits for as for any other descriptor."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """Make one for the running loop.

        Raises:
            OSError: There are no such timers.
            NotImplementedError: The loop waits for sockets only.
        """
        self._timer = TimerDescriptor()
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        try:
            self._loop.add_reader(self._timer.fd, self._rung)
        except NotImplementedError:
            self._timer.close()
            raise

    def set(self, at: float) -> None:
        """See `Alarm`."""
        self._timer.set(int(at * 1e9))

    def close(self) -> None:
        """See `Alarm`."""
        self._loop.remove_reader(self._timer.fd)
        self._timer.close()

    def _rung(self) -> None:
        if self._timer.clear():
            self._ring()


class News:
    """Wakes who waits for what comes on a connection, one task at a time, and limits the wait.

    asyncio's events and timers cost several times what reading an event of a stream does. So a wait is a bare future,
    one timer is kept for many waits and moved when it rings, and the loop is looked up once (Python 3.11 asks the
    system for its process each time).
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._until: float | None = None  # by the loop's clock; None while nobody waits, or without a limit
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def announce(self) -> None:
        """Wake who waits."""
        self._wake(in_time=True)

    async def wait(self, limit_s: float | None) -> bool:
        """Wait for what is announced from now on; returns whether that was within `limit_s` seconds."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter = waiter
        if limit_s is not None:
            self._limit(loop, limit_s)
        try:
            return await waiter
        finally:
            self._waiter = self._until = None

    def close(self) -> None:
        """Forget the timer: nobody will wait any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, *, in_time: bool) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(in_time)

    def _limit(self, loop: asyncio.AbstractEventLoop, limit_s: float) -> None:
        until = self._until = loop.time() + limit_s
        if self._timer is None or self._rings_at > until:
            self.close()
            self._set_timer(loop, until, limit_s)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, until: float, delay_s: float) -> None:
        self._rings_at = until
        self._timer = loop.call_later(delay_s, self._rung, loop)

    def _rung(self, loop: asyncio.AbstractEventLoop) -> None:
        """End a wait that is due; ring again for one that has begun since the timer was set."""
        self._timer, until = None, self._until
        if until is None:
            return
        if (left_s := until - loop.time()) > 0:
            self._set_timer(loop, until, max(SHORTEST_S, left_s))
        else:
            self._wake(in_time=False)
