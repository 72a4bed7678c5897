"""An answer as a client sees it: its head, its body as read, and how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from hopcheck_server.wire.headers import Headers

Ended = Literal["complete", "cut", "reset", "garbled", "timeout", "too-large", "left"]
"""How an answer ended: as its framing says; short of that (FIN); by a reset; not HTTP; not in time; beyond what is
read of one (`ReadingBudget`); we left."""

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadingBudget:
    """What is read of one answer at most; beyond it the connection is dropped, and the detail says which bound it was.

    Attributes:
        body_bytes: Of the body, without its framing; None reads any length.
        pieces: Of the body: chunks stay apart up to as many, later ones are joined if they come in one read, and it may
            come in as many reads; None takes any number.
        fields: Of the head, those of interim answers included.
        overhead_bytes: Of heads, interim answers, chunk extensions and trailers; as many for each byte of the body are
            allowed besides as a chunk for each would cost.
        total_s: From the request to the answer's end; None waits for any time.
    """

    body_bytes: int | None = None
    pieces: int | None = None
    fields: int = 2_000
    overhead_bytes: int = MIB
    total_s: float | None = None

    def excess(self, answer: RawResponse) -> str:
        """What of an answer is too much, as a sentence; "" if nothing is."""
        if self.body_bytes is not None and answer.body_bytes > self.body_bytes:
            return f"the response exceeded {self.body_bytes / MIB:g} MiB and was not read further"
        if self.pieces is not None and answer.reads > self.pieces:
            return f"the response came in more than {self.pieces} pieces and was not read further"
        if answer.fields > self.fields:
            return f"the response had more than {self.fields} header fields and was not read further"
        overhead = answer.read_bytes - answer.body_bytes * (1 + _CHUNK_BYTES)
        if overhead > self.overhead_bytes:
            size = f"{self.overhead_bytes / MIB:g} MiB"
            return f"heads, chunk extensions or trailers of the response exceeded {size} and were not read further"
        return ""


_CHUNK_BYTES = 12  # around one byte of a body, at most, where no extensions are


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
        self.read_bytes = self.body_bytes = self.reads = self.pieces = self.fields = 0
