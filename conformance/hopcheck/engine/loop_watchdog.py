"""Notices when hopcheck's own event loop is held up, and by what: times taken meanwhile say nothing about a target.

A heartbeat in the loop notes that it is alive; a thread looks at the heartbeat, and at the main thread's stack when it
is late. Verdicts that overlap such a time are untestable instead of red.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

BEAT_S = 0.02
"""Seconds between two heartbeats."""

LATE_S = 0.25
"""A heartbeat that is later than this, in seconds, is a stall: cases judge times of this order."""

LONG_S = 1.0
"""A stall from this length on, in seconds, may touch every case: cases wait for seconds until attempts have ended."""

STALLS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Stall:
    """A time in which the event loop did nothing else.

    Attributes:
        begun_ns: Monotonic nanoseconds of the last heartbeat before it.
        ended_ns: Of the first one after it.
        where: The function that was running, as `module.function:line`; "" where it wasn't seen.
    """

    begun_ns: int
    ended_ns: int
    where: str = ""

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return (self.ended_ns - self.begun_ns) / 1e9


class LoopWatchdog:
    """Watches the running event loop while the context lasts.

    Attributes:
        stalls: What was noticed so far, oldest first.
    """

    def __init__(self, late_s: float = LATE_S) -> None:
        self.stalls: list[Stall] = []
        self._late_ns = round(late_s * 1e9)
        self._beat_ns = 0
        self._where = ""
        self._over = threading.Event()

    async def __aenter__(self) -> Self:
        """Begin to watch the loop that runs this."""
        self._beat_ns = time.monotonic_ns()
        self._beating = asyncio.create_task(self._beat())
        self._thread = threading.Thread(target=self._look, args=(threading.get_ident(),), daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; a stall that lasts until now counts."""
        self._note(time.monotonic_ns())
        self._over.set()
        self._beating.cancel()
        with suppress(asyncio.CancelledError):
            await self._beating
        self._thread.join()

    def during(self, begun_ns: int, ended_ns: int) -> list[Stall]:
        """The stalls that overlap a time."""
        self._note(time.monotonic_ns())
        return [stall for stall in self.stalls if stall.begun_ns < ended_ns and stall.ended_ns > begun_ns]

    def sentence(self, begun_ns: int, ended_ns: int, *, reads_clock: bool) -> str:
        """How hopcheck was held up in that time, in so far as it may change a verdict; "" if it wasn't.

        Args:
            begun_ns: Monotonic nanoseconds.
            ended_ns: The same.
            reads_clock: Whether the verdict depends on times; others do on long stalls only.
        """
        least_s = 0.0 if reads_clock else LONG_S
        stalls = [stall for stall in self.during(begun_ns, ended_ns) if stall.duration_s >= least_s]
        if not stalls:
            return ""
        longest = max(stalls, key=lambda stall: stall.duration_s)
        where = f" in {longest.where}" if longest.where else ""
        return f"hopcheck itself was held up for {longest.duration_s:.2f} s{where} while this case ran"

    async def _beat(self) -> None:
        while True:
            self._note(time.monotonic_ns())
            await asyncio.sleep(BEAT_S)  # the heartbeat itself

    def _note(self, now_ns: int) -> None:
        if now_ns - self._beat_ns > self._late_ns:
            self.stalls.append(Stall(self._beat_ns, now_ns, self._where))
            del self.stalls[:-STALLS_KEPT]
        self._beat_ns, self._where = now_ns, ""

    def _look(self, thread_id: int) -> None:
        while not self._over.wait(self._late_ns / 2e9):
            if time.monotonic_ns() - self._beat_ns > self._late_ns:
                self._where = _function_of(sys._current_frames().get(thread_id))  # noqa: SLF001 - Python's own way to look


def _function_of(frame: FrameType | None) -> str:
    """The innermost function, by its module."""
    if frame is None:
        return ""
    return f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}:{frame.f_lineno}"
