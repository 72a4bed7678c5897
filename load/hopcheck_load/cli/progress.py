"""Progress on the standard error: one line that changes on a terminal, a new line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console

LOG_PERIOD_S = 5.0
"""In a log, there is at most one line in this time."""


@contextmanager
def progress_shown(to: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a sentence about the progress.

    Args:
        to: The console; by default, the standard error.
    """
    console = to or Console(stderr=True)
    if console.is_terminal:
        with console.status("starting Locust") as status:
            yield status.update
    else:
        yield _ProgressLog(console).print


class _ProgressLog:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_at = -LOG_PERIOD_S

    def print(self, sentence: str) -> None:
        now = monotonic()
        if now - self._printed_at >= LOG_PERIOD_S:
            self._printed_at = now
            self._console.print(f"measuring {sentence}", highlight=False, soft_wrap=True)
