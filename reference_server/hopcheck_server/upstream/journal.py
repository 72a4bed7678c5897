"""What the upstream saw: every attempt by its marker, and a way to wait for them. Knows no sockets and no scripts."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from hopcheck_server.upstream.arrival import Arrival
from hopcheck_server.upstream.attempt import Attempt, Ending, Times

__all__ = ["Attempt", "Ending", "Journal", "Place", "Times"]

UNMARKED_KEPT = 2_000
"""How many attempts without a marker are kept; older ones are forgotten. They must fit into a processor's
cache, or memory becomes the bottleneck."""

MARKED_KEPT = 2_000
"""How many attempts of one marker are kept; all are counted."""

MARKERS_KEPT = 5_000
"""How many markers are kept; the oldest goes first, if nobody has forgotten it."""


Place = tuple[int, int, bool]
"""Where an attempt stands among those of its marker: how many came before, how many of them on the same route (path,
model, key), and whether that is the route of the marker's first attempt."""

_FIRST: Place = (0, 0, True)
_Route = tuple[bytes, str, str]


def _route(attempt: Arrival) -> _Route:
    return attempt.head.url, attempt.model, attempt.head.key


class _Marked:
    """The attempts of one marker."""

    __slots__ = ("attempts", "first", "on_first", "others", "total")

    def __init__(self, first: Arrival) -> None:
        self.attempts: list[Arrival] = []
        self.first = first
        self.on_first = 0  # how many are on the first one's route
        self.others: dict[_Route, int] = {}  # how many on each other route
        self.total = 0

    def add(self, attempt: Arrival) -> Place:
        total = self.total
        self.total = attempt.number = total + 1
        self.attempts.append(attempt)
        if len(self.attempts) >= 2 * MARKED_KEPT:  # not one by one: each time moves all that stay
            del self.attempts[:-MARKED_KEPT]
        first = self.first
        same = attempt.head is first.head and attempt.model == first.model  # as nearly always: heads are shared
        if same or _route(attempt) == _route(first):
            self.on_first += 1
            return total, self.on_first - 1, True
        route = _route(attempt)
        self.others[route] = self.others.get(route, 0) + 1
        return total, self.others[route] - 1, False

    def of(self, script: str) -> bool:
        """Whether its attempts play that script."""
        return self.first.script == script

    def ready(self, attempts: int, ended: bool) -> bool:
        """Whether so many have arrived, and (if `ended`) none of them goes on."""
        return self.total >= attempts and not (ended and any(not one.ended for one in self.attempts))


class Journal:
    """Keeps attempts by marker, those without one apart, and lets others wait for them.

    What it hands out are copies. Used from one event loop.
    """

    def __init__(self) -> None:
        self._marked: OrderedDict[str, _Marked] = OrderedDict()  # a plain dict is slow at losing its first entries
        self._unmarked: deque[Arrival] = deque(maxlen=UNMARKED_KEPT)
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def add(self, attempt: Arrival) -> Place:
        """Keep an attempt that has just arrived; numbers it."""
        if not attempt.marker:
            self._unmarked.append(attempt)
            return _FIRST
        marked = self._marked.get(attempt.marker)
        if marked is None:
            marked = self._marked[attempt.marker] = _Marked(attempt)
            if len(self._marked) > MARKERS_KEPT:
                self._marked.popitem(last=False)
        place = marked.add(attempt)
        if self._waiters:
            self._wake(attempt.marker)
        return place

    def end(self, attempt: Arrival, how: Ending, at_ns: int) -> None:
        """Note how an attempt ended; the first ending counts."""
        if attempt.ended:
            return
        attempt.ended, attempt.ended_ns = how, at_ns
        if self._waiters:
            self._wake(attempt.marker)

    def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far, in the order of their arrival."""
        marked = self._marked.get(marker)
        return [attempt.attempt() for attempt in marked.attempts[-MARKED_KEPT:]] if marked else []

    def unmarked(self, since_ns: int = 0) -> list[Attempt]:
        """The attempts without a marker that arrived at that time or later."""
        return [attempt.attempt() for attempt in self._unmarked if attempt.received_ns >= since_ns]

    def take(self, script: str) -> list[Times]:
        """Hand over when the ended attempts of a script went through, and forget their markers."""
        taken = [
            (marker, kept) for marker, kept in self._marked.items() if kept.of(script) and kept.ready(1, ended=True)
        ]
        for marker, _ in taken:
            self.forget(marker)
        return [attempt.times() for _, kept in taken for attempt in kept.attempts]

    def going_on(self, marker: str) -> set[int]:
        """The connections on which an attempt of that marker has not ended yet."""
        marked = self._marked.get(marker)
        return {one.connection for one in marked.attempts if not one.ended} if marked else set()

    def forget(self, marker: str) -> None:
        """Drop what is kept of a marker; its counts start anew."""
        self._marked.pop(marker, None)

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait until so many attempts have arrived and, if `ended`, all that arrived have ended.

        Returns:
            The marker's attempts then, or whatever there is after `timeout_s` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self._ready(marker, attempts, ended) and (left := deadline - loop.time()) > 0:
            waiter = loop.create_future()
            self._waiters.setdefault(marker, set()).add(waiter)
            try:
                await asyncio.wait((waiter,), timeout=left)
            finally:
                self._leave(marker, waiter)
        return self.attempts(marker)

    def _ready(self, marker: str, attempts: int, ended: bool) -> bool:
        marked = self._marked.get(marker)
        return attempts <= 0 if marked is None else marked.ready(attempts, ended)

    def _wake(self, marker: str) -> None:
        for waiter in self._waiters.get(marker, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _leave(self, marker: str, waiter: asyncio.Future[None]) -> None:
        waiting = self._waiters[marker]
        waiting.discard(waiter)
        if not waiting:
            del self._waiters[marker]
