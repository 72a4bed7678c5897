"""Show a run while it goes on: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hopcheck.engine.verdict import FAILING, Outcome
from hopcheck.report.document import OUTCOMES
from hopcheck.report.render.terminal import STYLES

if TYPE_CHECKING:
    from rich.console import Console

_EVERY = 20  # cases between two lines of a log
_BLINK_S = 0.1  # between two drawings of one case's progress
_LOG_S = 15.0  # the same in a log
_LOGGED_AT_ONCE = frozenset({str(outcome) for outcome in FAILING})


class RunProgress:
    """Follows a run; use as a context manager.

    It draws only when a method is called: a thread of its own would disturb cases that read the clock.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._current: dict[str, str] = {}  # with how far each is, where it says so
        self._drawn_at = 0.0
        self._outcomes: dict[str, str] = {}  # the last one of each case
        bar = console.is_terminal and not console.no_color and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if bar else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def began(self, case_id: str) -> None:
        """A case has been started."""
        self._current[case_id] = ""
        self._draw()

    def ended(self, case_id: str, outcome: Outcome | str) -> None:
        """A case has an outcome; one that was run again has another, and counts once."""
        self._current.pop(case_id, None)
        self._outcomes[case_id] = str(outcome)
        if self._live is None:
            self._log(case_id, str(outcome))
        self._draw()

    def went(self, case_id: str, played: int, total: int) -> None:
        """Show how far a long case is; may be called from another thread, at any rate."""
        self._current[case_id] = f" {played:,} of {total:,}"
        now = time.monotonic()
        if now - self._drawn_at < (_BLINK_S if self._live else _LOG_S):
            return
        self._drawn_at = now
        if self._live is None:
            self._console.print(Text(f"{self._done}/{self._total} {case_id}{self._current[case_id]}"))
        self._draw()

    @property
    def _done(self) -> int:
        return len(self._outcomes)

    def _log(self, case_id: str, outcome: str) -> None:
        if outcome in _LOGGED_AT_ONCE:
            self._console.print(Text(f"{self._done}/{self._total} {case_id} {outcome}"))
        elif self._done % _EVERY == 0 and self._done < self._total:
            self._console.print(Text(f"{self._done}/{self._total}"))

    def _draw(self) -> None:
        if self._live:
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=24)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        counts = Counter(self._outcomes.values())
        counted = [(f"{counts[one]} {one} ", STYLES[one]) for one in OUTCOMES if counts[one]]
        table.add_row(
            ProgressBar(total=max(1, self._total), completed=self._done, width=24),
            f"{self._done}/{self._total}",
            Text.assemble(*counted),
            Text(" ".join(map("".join, self._current.items())), style="bright_black"),
        )
        return table
