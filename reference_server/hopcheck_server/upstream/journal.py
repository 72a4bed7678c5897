"""What the upstream saw: every attempt, with its bytes, its times and its end.

Values, and a store that can be waited on. Knows no sockets and no scripts.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple

Ending = Literal["", "answered", "hung-up", "cut", "released"]
"""How an attempt ended: answered in full; the proxy hung up first; cut by the script; let go when its case ended."""

UNMARKED_KEPT = 10_000
"""How many attempts without a marker are kept; older ones are forgotten."""

MARKED_KEPT = 10_000
"""How many attempts of one marker are kept; all are counted."""

MARKERS_KEPT = 20_000
"""How many markers are kept; the oldest goes first, if nobody has forgotten it."""


@dataclass(slots=True)
class Attempt:
    """One request that arrived at the upstream. Times are CLOCK_MONOTONIC nanoseconds of the upstream's host.

    Attributes:
        marker: The full marker, or "".
        script: The script's name in the marker (a case's id, or `<id>~<variant>`), or "".
        number: Which attempt of its marker this is, from 1.
        model: The model that it names, or "".
        method: The HTTP method.
        path: The request target, with its query.
        headers: As they came, in order; names in lower case.
        body: The raw body (decoded from chunks).
        connection: Number of the TCP connection, unique within the upstream's life.
        received_ns: When the last byte of the request was read.
        head_sent_ns: When the answer's headers were written, or 0.
        sent: (time, bytes) of each write of body bytes, counted before gzip and chunk framing; one per event in a
            stream that isn't split or joined.
        ended_ns: When it ended, or 0.
        ended: How it ended, or "" while it goes on.
    """

    marker: str
    script: str
    number: int
    model: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    received_ns: int
    head_sent_ns: int = 0
    sent: list[tuple[int, int]] = field(default_factory=list)
    ended_ns: int = 0
    ended: Ending = ""

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it isn't."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def key(self) -> str:
        """The credential that came with it: the bearer key, or Azure's `api-key`, or ""."""
        bearer = self.header("authorization") or ""
        scheme, _, token = bearer.partition(" ")
        return token if scheme.lower() == "bearer" else self.header("api-key") or ""


def to_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt as a JSON object; the body in base64."""
    said = {slot.name: getattr(attempt, slot.name) for slot in fields(attempt)}
    return {**said, "body": base64.b64encode(attempt.body).decode()}


def from_json(said: dict[str, Any]) -> Attempt:
    """Read what `to_json` wrote.

    Raises:
        TypeError, KeyError, ValueError: It is no attempt.
    """
    pairs = [(name, value) for name, value in said["headers"]]
    sent = [(at, size) for at, size in said["sent"]]
    return Attempt(**{**said, "headers": pairs, "sent": sent, "body": base64.b64decode(said["body"])})


class Place(NamedTuple):
    """Where an attempt stands among those of its marker; counts are from 0.

    Attributes:
        total: How many attempts of the marker came before.
        on_route: How many of them on the same route (path, model, key).
        first_route: Whether it is on the route of the marker's first attempt.
    """

    total: int
    on_route: int
    first_route: bool


_FIRST = Place(0, 0, True)
_Route = tuple[str, str, str]


class _Marked:
    """The attempts of one marker."""

    __slots__ = ("attempts", "first", "routes", "total")

    def __init__(self, first: _Route) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=MARKED_KEPT)
        self.first = first
        self.routes: dict[_Route, int] = {}
        self.total = 0

    def add(self, attempt: Attempt, route: _Route) -> Place:
        on_route = self.routes.get(route, 0)
        place = Place(self.total, on_route, route == self.first)
        self.routes[route] = on_route + 1
        self.total = attempt.number = self.total + 1
        self.attempts.append(attempt)
        return place

    def ready(self, attempts: int, ended: bool) -> bool:
        """Whether so many have arrived, and (if `ended`) none of them goes on."""
        return self.total >= attempts and not (ended and any(not one.ended for one in self.attempts))


class Journal:
    """Keeps attempts by marker, those without one apart, and lets others wait for them.

    What it hands out are copies. Used from one event loop.
    """

    def __init__(self) -> None:
        self._marked: dict[str, _Marked] = {}
        self._unmarked: deque[Attempt] = deque(maxlen=UNMARKED_KEPT)
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def add(self, attempt: Attempt) -> Place:
        """Keep an attempt that has just arrived; numbers it."""
        if not attempt.marker:
            self._unmarked.append(attempt)
            return _FIRST
        route = attempt.path, attempt.model, attempt.key
        marked = self._marked.get(attempt.marker)
        if marked is None:
            marked = self._marked[attempt.marker] = _Marked(route)
            if len(self._marked) > MARKERS_KEPT:
                del self._marked[next(iter(self._marked))]
        place = marked.add(attempt, route)
        self._wake(attempt.marker)
        return place

    def end(self, attempt: Attempt, how: Ending, at_ns: int) -> None:
        """Note how an attempt ended; the first ending counts."""
        if attempt.ended:
            return
        attempt.ended, attempt.ended_ns = how, at_ns
        self._wake(attempt.marker)

    def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far, in the order of their arrival."""
        marked = self._marked.get(marker)
        return [_copy(attempt) for attempt in marked.attempts] if marked else []

    def unmarked(self, since_ns: int = 0) -> list[Attempt]:
        """The attempts without a marker that arrived at that time or later."""
        return [_copy(attempt) for attempt in self._unmarked if attempt.received_ns >= since_ns]

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


def _copy(attempt: Attempt) -> Attempt:
    return replace(attempt, headers=list(attempt.headers), sent=list(attempt.sent))
