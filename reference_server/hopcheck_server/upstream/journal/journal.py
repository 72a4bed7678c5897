"""What the upstream saw: every attempt by its marker, and a way to wait for them. Knows no sockets and no scripts."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Attempt, Ending, Times

__all__ = ["Attempt", "Ending", "Journal", "Times"]

MAX_UNMARKED = 500
"""How many attempts without a marker are kept; older ones are forgotten. What is kept must fit into a processor's
cache, or memory becomes the bottleneck."""

MAX_OF_ONE_MARKER = 500
"""How many attempts of one marker are kept; all are counted."""

MAX_MARKERS = 5_000
"""How many markers are kept; the oldest goes first, if nobody has forgotten it."""

MAX_RESPONSES = 5_000
"""Of how many of the latest attempts with a marker the responses are kept, too. Before a slow target has answered, many
others may have come."""


_Route = tuple[str, str, str]


class _Marked:
    """The attempts of one marker."""

    __slots__ = ("arrivals", "counts", "script", "total")

    def __init__(self, script: str) -> None:
        self.script = script
        self.arrivals: deque[Arrival] = deque(maxlen=MAX_OF_ONE_MARKER)
        self.counts: dict[_Route, int] = {}  # in the order of the first attempts
        self.total = 0

    def add(self, arrival: Arrival) -> None:
        """Keep and number an attempt."""
        self.total = arrival.number = self.total + 1
        self.arrivals.append(arrival)

    def count(self, route: _Route) -> tuple[int, bool]:
        """Count an attempt on a route; returns its number, and whether this is the route that was counted first."""
        number = self.counts[route] = self.counts.get(route, 0) + 1
        return number, route == next(iter(self.counts))

    def is_ready(self, attempts: int, ended: bool) -> bool:
        """Whether that many have arrived, and (if `ended`) none of them goes on."""
        return self.total >= attempts and not (ended and any(not one.ended for one in self.arrivals))


class Journal:
    """Keeps attempts by marker, those without one apart, and lets others wait for them.

    What it hands out are copies. Used from one event loop.
    """

    def __init__(self) -> None:
        self._marked: OrderedDict[str, _Marked] = OrderedDict()  # a plain dict is slow at losing its first entries
        self._unmarked: deque[Arrival] = deque(maxlen=MAX_UNMARKED)
        self._with_response: deque[Arrival] = deque()
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def add(self, arrival: Arrival) -> None:
        """Keep an attempt that has just arrived, and number it."""
        if not arrival.marker:
            self._unmarked.append(arrival)
            return
        self._with_response.append(arrival)
        if len(self._with_response) > MAX_RESPONSES:
            self._with_response.popleft().response_parts = None
        marked = self._marked.get(arrival.marker)
        if marked is None:
            marked = self._marked[arrival.marker] = _Marked(arrival.script)
            if len(self._marked) > MAX_MARKERS:
                self._marked.popitem(last=False)
        marked.add(arrival)
        if self._waiters:
            self._wake(arrival.marker)

    def count_on_route(self, arrival: Arrival) -> tuple[int, bool]:
        """Count an attempt that has a marker among those on its route.

        Returns:
            Which attempt of its marker on its route this is, from 1, and whether it is the first attempt's route.
        """
        return self._marked[arrival.marker].count((arrival.path, arrival.model, arrival.key))

    def end(self, arrival: Arrival, ending: Ending, at_ns: int) -> None:
        """Note how an attempt ended; the first ending counts."""
        if arrival.ended:
            return
        arrival.ended, arrival.ended_ns = ending, at_ns
        if self._waiters:
            self._wake(arrival.marker)

    def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far, in the order of their arrival."""
        return [arrival.attempt() for arrival in self.arrivals(marker)]

    def arrivals(self, marker: str) -> Iterator[Arrival]:
        """What is kept of a marker."""
        marked = self._marked.get(marker)
        return iter(marked.arrivals if marked else ())

    def unmarked(self, since_ns: int = 0) -> list[Attempt]:
        """The attempts without a marker that arrived at that time or later."""
        return [arrival.attempt() for arrival in self._unmarked if arrival.received_ns >= since_ns]

    def take(self, script: str) -> list[Times]:
        """Hand over when the ended attempts of a script went through, and forget their markers."""
        taken = [
            (marker, marked)
            for marker, marked in self._marked.items()
            if marked.script == script and marked.is_ready(1, ended=True)
        ]
        for marker, _ in taken:
            self.forget(marker)
        return [arrival.times() for _, marked in taken for arrival in marked.arrivals]

    def forget(self, marker: str) -> None:
        """Drop what is kept of a marker; its counts start anew."""
        marked = self._marked.pop(marker, None)
        for arrival in marked.arrivals if marked else ():
            arrival.response_parts = None

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait until that many attempts have arrived and, if `ended`, all that arrived have ended.

        Returns:
            The marker's attempts then, or those that there are after `timeout_s` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self._is_ready(marker, attempts, ended) and (left_s := deadline - loop.time()) > 0:
            await self._news(marker, left_s)
        return self.attempts(marker)

    def _is_ready(self, marker: str, attempts: int, ended: bool) -> bool:
        marked = self._marked.get(marker)
        return attempts <= 0 if marked is None else marked.is_ready(attempts, ended)

    async def _news(self, marker: str, timeout_s: float) -> None:
        """Wait until something happens to the attempts of a marker, or that time has passed."""
        waiter = asyncio.get_running_loop().create_future()
        waiting = self._waiters.setdefault(marker, set())
        waiting.add(waiter)
        try:
            await asyncio.wait((waiter,), timeout=timeout_s)
        finally:
            waiting.discard(waiter)
            if not waiting and self._waiters.get(marker) is waiting:
                del self._waiters[marker]

    def _wake(self, marker: str) -> None:
        for waiter in self._waiters.get(marker, ()):
            if not waiter.done():
                waiter.set_result(None)
