"""The bytes of bodies that all requests of this process hold together: one budget, from which each request takes.

Counted are request bodies while they are read and until the request ends, their JSON while it is parsed, responses of
the upstream, and what waits for slow clients. So a thousand clients take no more memory than a few.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass

from hopcheck_server.proxy.errors import overloaded

SMALL_BYTES = 512 * 1024
"""What a request may hold of the whole budget; those that hold more get three quarters of it, all together."""


FEW_BYTES = 1024
"""What only passes through isn't counted up to here: for most events of streams, it would cost more than it shows."""


class ByteBudget:
    """What may be held at the same time.

    Of large requests, the oldest is always let in: its size has limits of its own, and if two that are half read waited
    for each other, neither would ever be served.

    Args:
        limit_bytes: Of all requests together.
        wait_s: How long a request waits for room.

    Attributes:
        used: The bytes that are held now.
    """

    def __init__(self, limit_bytes: int, wait_s: float) -> None:
        self.used = 0
        self._limit = limit_bytes
        self._wait_s = wait_s
        self._large: dict[HeldBytes, None] = {}  # the oldest first
        self._waiting: deque[_Wish] = deque()

    @property
    def is_tight(self) -> bool:
        """Whether half of it is used, so that less should be read ahead."""
        return self.used > self._limit // 2

    def has_room(self, holder: HeldBytes, size: int, *, briefly: bool = False) -> bool:
        """Whether a request may take that many bytes more: all of the budget if it is small, or takes them briefly."""
        is_small = holder.held + size <= SMALL_BYTES
        limit = self._limit if is_small or briefly else self._limit * 3 // 4
        return self.used + size <= limit or (not is_small and next(iter(self._large), holder) is holder)

    def change(self, holder: HeldBytes, size: int) -> None:
        """Note that a request holds more, or less (which may be what others wait for)."""
        self.used += size
        holder.held += size
        if holder.held > SMALL_BYTES:
            self._large.setdefault(holder)
        else:
            self._large.pop(holder, None)
        if size < 0 and self._waiting:
            self._serve_waiting()

    def _serve_waiting(self) -> None:
        for wish in [wish for wish in self._waiting if not wish.granted.done()]:
            if self.has_room(wish.holder, wish.size, briefly=wish.briefly):
                wish.granted.set_result(None)
                self.change(wish.holder, wish.size)

    async def wait_for(self, holder: HeldBytes, size: int, *, briefly: bool) -> None:
        """Wait until there is room, and take it. Raises ProxyError (503)."""
        wish = _Wish(holder, size, briefly, asyncio.get_running_loop().create_future())
        self._waiting.append(wish)
        try:
            await asyncio.wait([wish.granted], timeout=self._wait_s)
        finally:
            self._waiting.remove(wish)
            is_late = not wish.granted.done()
            wish.granted.cancel()
        if is_late:
            raise overloaded()


class HeldBytes:
    """What one request holds. Whatever it is, it is given back by `release`; then nothing more is counted.

    Attributes:
        held: In bytes.
    """

    def __init__(self, budget: ByteBudget) -> None:
        self.held = 0
        self._budget = budget
        self._is_over = False

    @property
    def is_tight(self) -> bool:
        """See `ByteBudget`."""
        return self._budget.is_tight

    def has_room(self, size: int) -> bool:
        """Whether that many bytes could be taken briefly, without waiting."""
        return self._is_over or self._budget.has_room(self, size, briefly=True)

    async def take(self, size: int, *, briefly: bool = False) -> None:
        """Hold that many bytes more, as soon as there is room.

        Args:
            size: In bytes.
            briefly: They are given back before anything else is done.

        Raises:
            ProxyError: 503, `overloaded`: there was none in time.
        """
        if self._is_over:
            return
        if self._budget.has_room(self, size, briefly=briefly):
            self._budget.change(self, size)
        else:
            await self._budget.wait_for(self, size, briefly=briefly)

    def count(self, size: int) -> None:
        """Hold what is here already."""
        if not self._is_over:
            self._budget.change(self, size)

    def free(self, size: int) -> None:
        """Hold that many bytes less."""
        if not self._is_over:
            self._budget.change(self, -min(size, self.held))

    def release(self) -> None:
        """Hold nothing any more: the request is over."""
        self.free(self.held)
        self._is_over = True


@dataclass(frozen=True, eq=False)
class _Wish:
    """A request that waits for room."""

    holder: HeldBytes
    size: int
    briefly: bool
    granted: asyncio.Future[None]


UNCOUNTED = HeldBytes(ByteBudget(0, 0))
"""Holds what belongs to no request, like the checks of LiteLLM's health."""
UNCOUNTED.release()

_CURRENT: ContextVar[HeldBytes] = ContextVar("held", default=UNCOUNTED)


def begin_holding(budget: ByteBudget) -> HeldBytes:
    """Begin to count what the current request holds."""
    held = HeldBytes(budget)
    _CURRENT.set(held)
    return held


def held_now() -> HeldBytes:
    """Return what the current request holds."""
    return _CURRENT.get()
