"""What the upstream saw: every attempt by its marker, and a way to wait for them. Knows no sockets and no scripts."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Attempt, Ending, Times

__all__ = ["Attempt", "Ending", "Journal", "Place", "Times"]

UNMARKED_KEPT = 2_000
"""How many attempts without a marker are kept; older ones are forgotten. They must fit into a processor's
cache, or memory becomes the bottleneck."""

MARKED_KEPT = 2_000
"""How many attempts of one marker are kept; all are counted."""

TRIMMED_EACH = 256
"""After how many further attempts those too many are dropped: each time moves all that stay."""

MARKERS_KEPT = 5_000
"""How many markers are kept; the oldest goes first, if nobody has forgotten it."""


Place = tuple[int, int, bool]
"""Where an attempt stands among those of its marker: how many came before, how many of them on the same route (path,
model, key), and whether that is the route of the marker's first attempt."""

_FIRST: Place = (0, 0, True)
_Route = tuple[bytes, str, str]


def _route(attempt: Arrival) -> _Route:
    return attempt.head.url, attempt.model, attempt.head.key


Again = tuple[Arrival, int, int, int, int]
"""An attempt that is like an earlier one, and was answered at once: that one; its connection, when it was received and
sent, and the size of the body. It takes a quarter of the time and space of an `Arrival`."""

Kept = Arrival | Again


def _arrival(kept: Kept, number: int) -> Arrival:
    return kept if isinstance(kept, Arrival) else kept[0].again(number, *kept[1:])


class _Marked:
    """The attempts of one marker."""

    __slots__ = ("attempts", "elsewhere", "first", "others", "total")

    def __init__(self, first: Arrival) -> None:
        self.attempts: list[Kept] = []
        self.first = first
        self.others: dict[_Route, int] = {}  # how many on each route that isn't the first one's
        self.elsewhere = 0  # how many on all of those
        self.total = 0

    def add(self, attempt: Arrival) -> Place:
        """Keep and number an attempt."""
        attempt.number = self.total + 1
        return self.keep(attempt, attempt)

    def keep(self, kept: Kept, like: Arrival) -> Place:
        """Keep an attempt, and count it as one that is like this."""
        before = self.total
        self.total = before + 1
        self.attempts.append(kept)
        if not before % TRIMMED_EACH:
            del self.attempts[:-MARKED_KEPT]
        first = self.first
        same = like.head is first.head and like.model == first.model  # as nearly always: heads are shared
        if same or _route(like) == _route(first):
            return before, before - self.elsewhere, True
        self.elsewhere += 1
        route = _route(like)
        self.others[route] = on_route = self.others.get(route, 0) + 1
        return before, on_route - 1, False

    def arrivals(self) -> Iterator[Arrival]:
        """What is kept, with its numbers."""
        numbered = enumerate(self.attempts, self.total - len(self.attempts) + 1)
        return (_arrival(kept, number) for number, kept in numbered)

    def of(self, script: str) -> bool:
        """Whether its attempts play that script."""
        return self.first.script == script

    def ready(self, attempts: int, ended: bool) -> bool:
        """Whether so many have arrived, and (if `ended`) none of them goes on."""
        return self.total >= attempts and not (ended and any(self.going_on()))

    def going_on(self) -> Iterator[Arrival]:
        """Those that have not ended yet."""
        return (one for one in self.attempts if isinstance(one, Arrival) and not one.ended)


class Journal:
    """Keeps attempts by marker, those without one apart, and lets others wait for them.

    What it hands out are copies. Used from one event loop.
    """

    def __init__(self) -> None:
        self._marked: OrderedDict[str, _Marked] = OrderedDict()  # a plain dict is slow at losing its first entries
        self._unmarked: deque[Kept] = deque(maxlen=UNMARKED_KEPT)
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def add(self, attempt: Arrival) -> Place:
        """Keep an attempt that has just arrived; numbers it."""
        if not attempt.marker:
            self._unmarked.append(attempt)
            return _FIRST
        marked = self._marked.get(attempt.marker) or self._begin(attempt)
        place = marked.add(attempt)
        if self._waiters:
            self._wake(attempt.marker)
        return place

    def next_number(self, like: Arrival) -> int:
        """Which number the next attempt will have if it is like this one."""
        marked = self._marked.get(like.marker)
        return 1 if marked is None else marked.total + 1

    def add_again(self, like: Arrival, connection: int, received_ns: int, sent_ns: int, size: int) -> None:
        """Keep an attempt that is like an earlier one, and has been answered at once, in one write.

        Args:
            like: The earlier one.
            connection: See `Arrival`, as for the others.
            received_ns: When it was received.
            sent_ns: When the answer was written.
            size: The answer's body in bytes.
        """
        if not like.marker:
            self._unmarked.append((like, connection, received_ns, sent_ns, size))
            return
        marked = self._marked.get(like.marker) or self._begin(like)
        marked.keep((like, connection, received_ns, sent_ns, size), like)
        if self._waiters:
            self._wake(like.marker)

    def _begin(self, first: Arrival) -> _Marked:
        marked = self._marked[first.marker] = _Marked(first)
        if len(self._marked) > MARKERS_KEPT:
            self._marked.popitem(last=False)
        return marked

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
        return [arrival.attempt() for arrival in marked.arrivals()][-MARKED_KEPT:] if marked else []

    def unmarked(self, since_ns: int = 0) -> list[Attempt]:
        """The attempts without a marker that arrived at that time or later."""
        arrivals = (_arrival(kept, 1) for kept in self._unmarked)
        return [arrival.attempt() for arrival in arrivals if arrival.received_ns >= since_ns]

    def take(self, script: str) -> list[Times]:
        """Hand over when the ended attempts of a script went through, and forget their markers."""
        taken = [
            (marker, kept) for marker, kept in self._marked.items() if kept.of(script) and kept.ready(1, ended=True)
        ]
        for marker, _ in taken:
            self.forget(marker)
        return [arrival.times() for _, kept in taken for arrival in kept.arrivals()]

    def going_on(self, marker: str) -> set[int]:
        """The connections on which an attempt of that marker has not ended yet."""
        marked = self._marked.get(marker)
        return {one.connection for one in marked.going_on()} if marked else set()

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
