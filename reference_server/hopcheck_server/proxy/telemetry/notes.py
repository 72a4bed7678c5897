"""What is noted of a request while it is served, for its metrics and its line in the log."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Notes:
    """Of one request.

    Attributes:
        upstream_s: How long the upstream was waited for: for its whole answer, or for a stream's first event.
        client_s: How long the client was waited for: for the rest of its request.
        error: The kind of error that it ended with; "" for none.
        direct: Whether it went past LiteLLM.
    """

    upstream_s: float = 0.0
    client_s: float = 0.0
    error: str = ""
    direct: bool = False


_CURRENT: ContextVar[Notes | None] = ContextVar("notes", default=None)


def begin_notes() -> Notes:
    """Begin to take notes in this task."""
    notes = Notes()
    _CURRENT.set(notes)
    return notes


def current_notes() -> Notes:
    """The notes of the request that is being served; outside of any, some that nobody reads."""
    return _CURRENT.get() or Notes()


class Waiting:
    """Adds the time that its `with` takes to what was waited: for the upstream, or with `for_client` for the client."""

    __slots__ = ("_began", "_for_client")

    def __init__(self, *, for_client: bool = False) -> None:
        self._for_client = for_client

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        waited_s = time.perf_counter() - self._began
        notes = current_notes()
        if self._for_client:
            notes.client_s += waited_s
        else:
            notes.upstream_s += waited_s
