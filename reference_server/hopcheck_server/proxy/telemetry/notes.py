"""Notes about a request while it is served, for its metrics and its line in the log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Notes:
    """The notes about one request.

    Attributes:
        upstream_s: Seconds of waiting for the upstream: for its complete response, or for a stream's first event.
        client_s: Seconds of waiting for the client: for the rest of its request.
        error: The kind of error that it ended with; "" for none.
        direct: Whether the direct provider was asked.
        client: The name of the client; "" if it gave no key.
        model: The model asked for; "" if none was read.
        trace: The trace context that goes upstream in place of the client's.
    """

    upstream_s: float = 0.0
    client_s: float = 0.0
    error: str = ""
    direct: bool = False
    client: str = ""
    model: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)


_CURRENT: ContextVar[Notes | None] = ContextVar("notes", default=None)


def begin_notes() -> Notes:
    """Begin to take notes in this task."""
    notes = Notes()
    _CURRENT.set(notes)
    return notes


def current_notes() -> Notes:
    """Return the notes about the current request; outside of any, new ones that are thrown away."""
    return _CURRENT.get() or Notes()


class Waiting:
    """Adds the duration of its `with` to the wait for the upstream, or with `for_client` to that for the client."""

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
