"""Looks for an example that fails: hypothesis draws, plays and shrinks. Blocks, so it runs in a thread of its own.

Whoever imports this needs the extra `fuzz`.
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
"""Plays an example, and tells every finding about it."""

SHRINKS = 1_000
"""So many examples are played after the first one of a kind that failed, to find the smallest."""

SHRINK_S = 120.0
"""And for so long, in seconds: a target that hangs on each of them would take hours."""


@dataclass(frozen=True)
class Bounds:
    """How far a search goes.

    Attributes:
        examples: So many are made while nothing fails.
        seed: The same seed makes the same examples.
        ends_at: No example is begun after that time (`time.monotonic`); None sets no limit.
        stopped: Set from outside: end with what was found so far.
        first_only: The first kind of failure is enough.
    """

    examples: int
    seed: int
    ends_at: float | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    first_only: bool = False


@dataclass(frozen=True)
class Found:
    """The smallest example that fails in one check, and how."""

    example: Example
    finding: Finding


@dataclass
class Result:
    """What a search came to.

    Attributes:
        found: By check.
        made: How many examples were made until the first that failed; all, if none did.
        played: How many were played in all, those of the shrinking included.
        held: Of how many each check held; it isn't made of all, since it may need others to hold.
        cut_short: Why it ended early, or "".
        error: What kept an example from being played; the search ended with it.
    """

    found: dict[str, Found] = field(default_factory=dict)
    made: int = 0
    played: int = 0
    held: Counter[str] = field(default_factory=Counter)
    cut_short: str = ""
    error: Exception | None = None


class _Failing(Exception):
    """An example fails."""


@cache
def _failing(check: str) -> type[_Failing]:
    """A class for each check: hypothesis tells failures apart by their class, and shrinks each."""
    return type(f"Failing in {check}", (_Failing,), {})


class Ended(BaseException):
    """A search has to end; hypothesis lets it through."""


def search(strategy: SearchStrategy[Example], judge: Judge, bounds: Bounds, told: Callable[[int], None]) -> Result:
    """Play examples until one fails or there have been enough; the failing ones are made as small as they get.

    Args:
        strategy: Makes the examples.
        judge: Plays one; what it raises ends the search.
        bounds: How far to go.
        told: Is told how many have been played.
    """
    looking = _Looking(judge, bounds, told)

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
        looking.look(example)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            holds()
        except Ended as ended:
            looking.result.cut_short = str(ended)
        except (_Failing, BaseExceptionGroup, Flaky) as failed:
            _only_failures(failed)
    return looking.result


def _only_failures(failed: BaseException) -> None:
    """Raise what isn't a failing example: a mistake of ours."""
    if isinstance(failed, BaseExceptionGroup) and failed.split((_Failing, Flaky))[1] is not None:
        raise failed


class _Looking:
    """One search while it goes on."""

    def __init__(self, judge: Judge, bounds: Bounds, told: Callable[[int], None]) -> None:
        self.result = Result()
        self._judge = judge
        self._bounds = bounds
        self._told = told
        self._left = SHRINKS
        self._shrink_until = 0.0

    def look(self, example: Example) -> None:
        """Play one example; raises what hypothesis takes for its failure."""
        self._end_in_time()
        findings = self._play(example)
        result = self.result
        result.played += 1
        result.made += not result.found
        result.held.update(one.check for one in findings if one.ok)
        self._told(result.played)
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
                raise Ended("stopped") from None
            self.result.error = error
            raise Ended("it could not go on") from None

    def _keep(self, example: Example, wrong: Finding) -> None:
        known = self.result.found.get(wrong.check)
        if known is None:
            self._left, self._shrink_until = SHRINKS, time.monotonic() + SHRINK_S
        if known is None or example.size <= known.example.size:
            self.result.found[wrong.check] = Found(example, wrong)

    def _end_in_time(self) -> None:
        now = time.monotonic()
        if self._bounds.stopped.is_set():
            raise Ended("stopped")
        if self._bounds.ends_at is not None and now >= self._bounds.ends_at:
            raise Ended("the time is over")
        if self.result.found and (self._left <= 0 or now >= self._shrink_until):
            raise Ended("")


def _first_wrong(findings: Sequence[Finding]) -> Finding | None:
    """The failing finding that an example is shrunk for: the first MUST, or else the first."""
    wrong = [one for one in findings if not one.ok]
    return next((one for one in wrong if one.level is Level.MUST), wrong[0] if wrong else None)
