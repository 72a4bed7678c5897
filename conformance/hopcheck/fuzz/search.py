"""Searches for an example that fails: hypothesis draws, plays and shrinks. Blocks, so it runs in a thread of its own.

Importing this module needs the extra `fuzz`.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, HypothesisWarning
from hypothesis.strategies import SearchStrategy

from hopcheck.authoring.findings import Finding, Level
from hopcheck.fuzz.example import Example

Judge = Callable[[Example], Sequence[Finding]]
"""Plays an example, and returns every finding about it."""

MAX_SHRINKS = 1_000
"""Examples played at most after the first that failed a check, to find the smallest."""

MAX_SHRINK_S = 120.0
"""Seconds spent on that at most: a target that hangs on each of them would take hours."""


@dataclass(frozen=True)
class SearchBounds:
    """How far a search goes.

    Attributes:
        examples: How many to generate while nothing fails.
        seed: The same seed makes the same examples.
        ends_at: No example begins after that time (`time.monotonic`); None sets no limit.
        stopped: Once set, from outside, the search ends with what it has found.
        first_only: Whether the search ends with the first check that failed.
    """

    examples: int
    seed: int
    ends_at: float | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    first_only: bool = False


@dataclass(frozen=True)
class FailingExample:
    """The smallest example that fails in one check, and how."""

    example: Example
    finding: Finding


@dataclass
class SearchResult:
    """The result of a search.

    Attributes:
        found: The smallest failing example, by check.
        made: How many examples were generated up to the first that failed; all, if none did.
        played: How many were played, including those played while shrinking.
        held: For how many examples each check held; a check isn't made if one that it depends on failed.
        cut_short: Why the search ended early, or "".
        error: The error that kept an example from being played, and ended the search.
    """

    found: dict[str, FailingExample] = field(default_factory=dict)
    made: int = 0
    played: int = 0
    held: Counter[str] = field(default_factory=Counter)
    cut_short: str = ""
    error: Exception | None = None


class _Failing(Exception):
    """An example fails."""


@cache
def _failing(check: str) -> type[_Failing]:
    """An exception class for each check: hypothesis distinguishes failures by their class, and shrinks each."""
    return type(f"Failing in {check}", (_Failing,), {})


class SearchEnded(BaseException):
    """Ends a search; hypothesis doesn't catch it."""


def search(
    strategy: SearchStrategy[Example], judge: Judge, bounds: SearchBounds, progress: Callable[[int], None]
) -> SearchResult:
    """Play examples until one fails or the bounds are reached; failing ones are shrunk.

    Args:
        strategy: Generates the examples.
        judge: Plays one; an error that it raises ends the search.
        bounds: How far to go.
        progress: Called with the number of examples played so far.
    """
    running = _RunningSearch(judge, bounds, progress)

    @seeded(bounds.seed)
    @settings(
        max_examples=bounds.examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=not bounds.first_only,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def holds(example: Example) -> None:
        running.check(example)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            holds()
        except SearchEnded as ended:
            running.result.cut_short = str(ended)
        except (_Failing, BaseExceptionGroup, Flaky) as failed:
            _only_failures(failed)
    return running.result


def _only_failures(failed: BaseException) -> None:
    """Raise an error again if it is one of ours, not a failing example."""
    if isinstance(failed, BaseExceptionGroup) and failed.split((_Failing, Flaky))[1] is not None:
        raise failed


class _RunningSearch:
    """The state of one search."""

    def __init__(self, judge: Judge, bounds: SearchBounds, progress: Callable[[int], None]) -> None:
        self.result = SearchResult()
        self._judge = judge
        self._bounds = bounds
        self._progress = progress
        self._left = MAX_SHRINKS
        self._shrink_until = 0.0

    def check(self, example: Example) -> None:
        """Play one example; raise an exception for hypothesis if a check fails."""
        self._end_in_time()
        findings = self._play(example)
        result = self.result
        result.played += 1
        result.made += not result.found
        result.held.update(one.check for one in findings if one.ok)
        self._progress(result.played)
        self._left -= bool(result.found)
        for one in findings:
            if not one.ok:
                self._keep(example, one)
        wrong = _first_wrong(findings)
        if wrong is not None:
            raise _failing(wrong.check)(wrong.check)

    def _play(self, example: Example) -> Sequence[Finding]:
        try:
            return self._judge(example)
        except Exception as error:
            if self._bounds.stopped.is_set():
                raise SearchEnded("stopped") from None
            self.result.error = error
            raise SearchEnded("it could not go on") from None

    def _keep(self, example: Example, wrong: Finding) -> None:
        known = self.result.found.get(wrong.check)
        if known is None:
            self._left, self._shrink_until = MAX_SHRINKS, time.monotonic() + MAX_SHRINK_S
        if known is None or example.size <= known.example.size:
            self.result.found[wrong.check] = FailingExample(example, wrong)

    def _end_in_time(self) -> None:
        now = time.monotonic()
        if self._bounds.stopped.is_set():
            raise SearchEnded("stopped")
        if self._bounds.ends_at is not None and now >= self._bounds.ends_at:
            raise SearchEnded("the time is over")
        if self.result.found and (self._left <= 0 or now >= self._shrink_until):
            raise SearchEnded("")


def _first_wrong(findings: Sequence[Finding]) -> Finding | None:
    """The failing finding that an example is shrunk for: the first MUST, or else the first."""
    wrong = [one for one in findings if not one.ok]
    return next((one for one in wrong if one.level is Level.MUST), wrong[0] if wrong else None)
