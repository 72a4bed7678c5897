"""Tells on the standard error how far a run has got: in one line that changes, or now and then in a line of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console

EVERY_S = 5.0
"""In a log, not more often than this."""


@contextmanager
def telling(to: Console | None = None) -> Iterator[Callable[[str], None]]:
    """What is to be called with each sentence.

    Args:
        to: Where; the standard error if not given.
    """
    console = to or Console(stderr=True)
    if console.is_terminal:
        with console.status("starting Locust") as status:
            yield status.update
    else:
        yield _Seldom(console).tell


class _Seldom:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._told_at = -EVERY_S

    def tell(self, what: str) -> None:
        now = monotonic()
        if now - self._told_at >= EVERY_S:
            self._told_at = now
            self._console.print(f"measuring {what}", highlight=False, soft_wrap=True)
