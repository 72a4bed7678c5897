"""An answer as a client sees it: its head, its body as read, and how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from hopcheck_server.wire.headers import Headers

Ended = Literal["complete", "cut", "reset", "garbled", "timeout", "left"]
"""How an answer ended: as its framing says; short of that (FIN); by a reset; not HTTP; not in time; we left."""


class ConnectFailed(Exception):
    """No connection could be made; the text says why."""


class Broken(Exception):
    """The answer did not come, or not to its end; `ended` says how."""

    def __init__(self, ended: Ended, detail: str = "") -> None:
        """Say how it ended, and what was seen."""
        super().__init__(f"{ended}: {detail}" if detail else ended)
        self.ended: Ended = ended


@dataclass(slots=True)
class Head:
    """An answer's head.

    Attributes:
        status: The status code.
        reason: The reason phrase.
        version: `1.0` or `1.1`.
        headers: As they came, in order and case.
        at_ns: When its last byte was read, CLOCK_MONOTONIC.
    """

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: Headers = field(default_factory=Headers)
    at_ns: int = 0

    def all(self, name: str) -> list[str]:
        """Every header of that name (any case)."""
        return self.headers.all(name)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return self.headers.first(name)


class RawResponse:
    """What has been read of the current answer."""

    def __init__(self, *, bodiless: bool) -> None:
        self.head = Head()
        self.bodiless = bodiless
        self.headed = False
        self.complete = False
        self.until_close = False
        self.body: deque[tuple[int, bytes]] = deque()
        self.ended: Ended | None = None
        self.detail = ""
