"""Runs random request sequences against a target; hypothesis chooses the steps, and shrinks what fails.

After each step the target must still answer a healthy request, and nothing of one request may appear in another. The
target keeps its state from sequence to sequence, as it would in use. Importing this module needs the extra `fuzz`.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, HypothesisWarning
from hypothesis.stateful import run_state_machine_as_test

from hopcheck.engine.context import RunContext
from hopcheck.fuzz.search import SearchEnded
from hopcheck.fuzz.sequences.checked_requests import SequenceFailure
from hopcheck.fuzz.sequences.sequence import RequestSequence
from hopcheck.fuzz.sequences.state_machine import machine
from hopcheck_server.upstream.control.client import Control

T = TypeVar("T")


@dataclass(frozen=True)
class SequenceTests:
    """How many sequences are run, and how long they may be.

    Attributes:
        number: The number of sequences, if none fails.
        steps: The steps of each, at most.
        seed: The same seed makes the same sequences.
        grace_s: How long a target may take to recover after a step, such as a 429 or a client that hung up.
        shrink_s: How long a failed sequence is shortened, in seconds; 0 leaves it as it is.
    """

    number: int = 20
    steps: int = 12
    seed: int = 1
    grace_s: float = 30.0
    shrink_s: float = 60.0


async def run_sequences(
    context: RunContext,
    control: Control,
    tests: SequenceTests,
    *,
    stopped: asyncio.Event | None = None,
    within_s: float | None = None,
    progress: Callable[[int], None] = lambda completed: None,
) -> SequenceFailure | None:
    """Run request sequences against a target until one fails.

    Args:
        context: The target.
        control: The upstream behind it.
        tests: How many, and how long.
        stopped: Once it is set, no further step is run.
        within_s: The time limit in seconds; no further step is run after it.
        progress: Called from another thread with the number of sequences that ended well.

    Returns:
        The failure with the shortest sequence; None if none failed.

    Raises:
        Untestable: The target can't be reached.
    """
    loop = asyncio.get_running_loop()
    search = _Search(lambda: RequestSequence(context, control, tests.grace_s), loop, tests, progress)
    looking = asyncio.ensure_future(asyncio.to_thread(search.run_all))
    stopping = asyncio.ensure_future((stopped or asyncio.Event()).wait())
    try:
        await asyncio.wait({looking, stopping}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        search.cancel()
    return await looking


class _Search:
    """The state of one search, in a thread of its own; the target is asked in the event loop."""

    def __init__(
        self,
        new_sequence: Callable[[], RequestSequence],
        loop: asyncio.AbstractEventLoop,
        tests: SequenceTests,
        progress: Callable[[int], None],
    ) -> None:
        self._new_sequence = new_sequence
        self._loop = loop
        self._progress = progress
        self._completed = 0
        self._is_cancelled = False
        self._step: Future[Any] | None = None
        self.found: SequenceFailure | None = None
        self._shortest = 0
        self._tests = tests
        self._shrink_until = 0.0
        self._is_damaged = False

    @property
    def over(self) -> bool:
        """Whether no more steps are run: the target doesn't recover from a sequence, or the time is over."""
        if self.found is None:
            return self._is_cancelled
        return self._is_cancelled or self._is_damaged or time.monotonic() >= self._shrink_until

    def run_all(self) -> SequenceFailure | None:
        """Run sequences until one fails, then shorter ones."""
        shrinks = (Phase.shrink,) if self._tests.shrink_s else ()
        bounds = settings(
            max_examples=self._tests.number,
            stateful_step_count=self._tests.steps,
            phases=(Phase.generate, *shrinks),
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            try:
                run_state_machine_as_test(seeded(self._tests.seed)(machine(self)), settings=bounds)
            except (SearchEnded, SequenceFailure, Flaky):  # flaky: one that is no longer run again
                if self.found is None and not self._enough:
                    raise
        return self.found

    @property
    def _enough(self) -> bool:
        return self._is_cancelled or (self.found is None and self._completed >= self._tests.number)

    def begin(self) -> RequestSequence:
        """A new sequence; raises SearchEnded after the last (hypothesis would create a few more)."""
        if self._enough:
            raise SearchEnded
        return self._new_sequence()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work in the event loop, and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        """Run a step; None if it was cancelled."""
        self._step = making = asyncio.run_coroutine_threadsafe(step, self._loop)
        if self._is_cancelled:
            making.cancel()
        try:
            return making.result()
        except CancelledError:
            return None

    def cancel(self) -> None:
        """Cancel the running step, and run no more; called from the event loop."""
        self._is_cancelled = True
        if self._step is not None:
            self._step.cancel()

    def count_completed(self) -> None:
        """Count a sequence that ended well."""
        if self.found is None and not self._is_cancelled:
            self._completed += 1
            self._progress(self._completed)

    def keep(self, sequence: RequestSequence, failure: SequenceFailure) -> None:
        """Keep a sequence that failed, if no shorter one is known."""
        if self.found is None:
            self._shrink_until = time.monotonic() + self._tests.shrink_s
        if self.found is None or len(sequence.story) < self._shortest:
            self.found, self._shortest = failure, len(sequence.story)
        self._is_damaged = not self._has_recovered()

    def _has_recovered(self) -> bool:
        """Whether the target has recovered: if not, every shorter sequence would seem to fail."""
        sequence = self._new_sequence()
        try:
            self.take(sequence.well())
        except SequenceFailure:
            return False
        finally:
            self.run(sequence.end())
        return True
