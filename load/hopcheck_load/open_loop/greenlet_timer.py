"""Waiting, among greenlets, until an instant: to within some ten microseconds, and without keeping a processor busy.

gevent's own timers are rounded up to whole milliseconds. Linux has timers that are files (timerfd), which wake the
event loop like a socket does; elsewhere the last millisecond is spent asking for the time, in turn with the other
greenlets.
"""

from __future__ import annotations

import ctypes
import os
import sys
from time import monotonic_ns
from typing import Protocol

import gevent
from gevent.hub import get_hub

_CLOCK_MONOTONIC = 1
_NONBLOCK_AND_CLOEXEC = 0o2004000
_ABSOLUTE = 1
_NANO = 1_000_000_000
_ROUGH_NS = 2_000_000  # gevent's timers can be this late


class GreenletTimer(Protocol):
    """Waits."""

    def wait_until(self, at_ns: int) -> None:
        """Come back at that time (CLOCK_MONOTONIC), or at once if it is over."""

    def close(self) -> None:
        """Let go of what it holds."""


class _Spec(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "at_s", "at_ns"))


class KernelGreenletTimer:
    """By a timer of the kernel's."""

    def __init__(self) -> None:
        """Make it.

        Raises:
            OSError: This system has none.
        """
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._file = int(self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_AND_CLOEXEC))
        except AttributeError as error:
            raise OSError("there is no timerfd_create") from error
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._watcher = get_hub().loop.io(self._file, 1)

    def wait_until(self, at_ns: int) -> None:
        """Come back at that time."""
        spec = _Spec(0, 0, at_ns // _NANO, at_ns % _NANO)
        self._libc.timerfd_settime(self._file, _ABSOLUTE, ctypes.byref(spec), None)
        get_hub().wait(self._watcher)
        os.read(self._file, 8)  # how often it has expired: unread, it would stay readable

    def close(self) -> None:
        """Close its file."""
        self._watcher.close()
        os.close(self._file)


class PollingGreenletTimer:
    """By asking for the time."""

    def wait_until(self, at_ns: int) -> None:
        """Come back at that time; others run meanwhile."""
        left = at_ns - monotonic_ns()
        if left > _ROUGH_NS:
            gevent.sleep((left - _ROUGH_NS) / _NANO)
        while monotonic_ns() < at_ns:
            gevent.sleep(0)

    def close(self) -> None:
        """It holds nothing."""


def alarm() -> GreenletTimer:
    """The best that there is."""
    if sys.platform == "linux":
        try:
            return KernelGreenletTimer()
        except OSError:
            pass
    return PollingGreenletTimer()
