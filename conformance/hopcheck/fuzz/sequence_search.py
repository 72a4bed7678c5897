"""Walks through a target at random, made by hypothesis with the state machine of `hopcheck.fuzz.state_machine`.

After each step the target must still answer a healthy request, and nothing of one request may show up in another. The
target keeps its state from walk to walk, as it would in use. Whoever imports this needs the extra `fuzz`.
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

from hopcheck.engine.run import RunContext
from hopcheck.fuzz.search import Ended
from hopcheck.fuzz.sequence import Strayed, Walk
from hopcheck.fuzz.state_machine import machine
from hopcheck_server.upstream.control.client import Control

T = TypeVar("T")


@dataclass(frozen=True)
class Walks:
    """How much is tried.

    Attributes:
        number: So many walks, while all is well.
        steps: So many steps each, at most.
        seed: The same seed makes the same walks.
        grace_s: How long a target may take to be well again after a step: after a 429, say, or a client that left.
        shrink_s: How long a walk that failed is made shorter, in seconds; 0 leaves it as it is.
    """

    number: int = 20
    steps: int = 12
    seed: int = 1
    grace_s: float = 30.0
    shrink_s: float = 60.0


async def walk(
    setting: RunContext,
    control: Control,
    walks: Walks,
    *,
    stopped: asyncio.Event | None = None,
    within_s: float | None = None,
    told: Callable[[int], None] = lambda made: None,
) -> Strayed | None:
    """Walk through a target.

    Args:
        setting: The target.
        control: The upstream behind it.
        walks: How often, and how far.
        stopped: Once it is set, no step is made any more.
        within_s: The same after so many seconds.
        told: Is told, from another thread, how many walks have come to their end well.

    Returns:
        The shortest walk after which something doesn't hold; None if all is well.

    Raises:
        Untestable: The target can't be reached.
    """
    search = _Search(lambda: Walk(setting, control, walks.grace_s), asyncio.get_running_loop(), walks, told)
    looking = asyncio.ensure_future(asyncio.to_thread(search.look))
    stopping = asyncio.ensure_future((stopped or asyncio.Event()).wait())
    try:
        await asyncio.wait({looking, stopping}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        search.leave()
    return await looking


class _Search:
    """One search while it goes on, in a thread of its own; the target is asked in the event loop."""

    def __init__(
        self,
        walk: Callable[[], Walk],
        loop: asyncio.AbstractEventLoop,
        walks: Walks,
        told: Callable[[int], None],
    ) -> None:
        self._walk = walk
        self._loop = loop
        self._told = told
        self._made = 0
        self._left = False
        self._step: Future[Any] | None = None
        self.found: Strayed | None = None
        self._shortest = 0
        self._walks = walks
        self._shrink_until = 0.0
        self._damaged = False

    @property
    def over(self) -> bool:
        """Whether no more steps are made: the target doesn't recover from a walk, or the time is over."""
        return self._left or (self.found is not None and (self._damaged or time.monotonic() >= self._shrink_until))

    def look(self) -> Strayed | None:
        """Make walks until one fails, then shorter ones."""
        shrinks = (Phase.shrink,) if self._walks.shrink_s else ()
        bounds = settings(
            max_examples=self._walks.number,
            stateful_step_count=self._walks.steps,
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
                run_state_machine_as_test(seeded(self._walks.seed)(machine(self)), settings=bounds)
            except (Ended, Strayed, Flaky):  # flaky is what a walk looks like that is no more made again
                if self.found is None and not self._enough:
                    raise
        return self.found

    @property
    def _enough(self) -> bool:
        return self._left or (self.found is None and self._made >= self._walks.number)

    def begin(self) -> Walk:
        """A new walk; raises Ended if there are to be no more (hypothesis would make a few beyond those asked for)."""
        if self._enough:
            raise Ended
        return self._walk()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the event loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        """Make a step; None if it was given up."""
        self._step = making = asyncio.run_coroutine_threadsafe(step, self._loop)
        if self._left:
            making.cancel()
        try:
            return making.result()
        except CancelledError:
            return None

    def leave(self) -> None:
        """Give up the step that is being made, and make no more; called from the event loop."""
        self._left = True
        if self._step is not None:
            self._step.cancel()

    def ended(self) -> None:
        """A walk came to its end."""
        if self.found is None and not self._left:
            self._made += 1
            self._told(self._made)

    def keep(self, made: Walk, strayed: Strayed) -> None:
        """Keep a walk that fails, if no shorter one is known."""
        if self.found is None:
            self._shrink_until = time.monotonic() + self._walks.shrink_s
        if self.found is None or len(made.story) < self._shortest:
            self.found, self._shortest = strayed, len(made.story)
        self._damaged = not self._is_well()

    def _is_well(self) -> bool:
        """Whether the target has got over it: else every shorter walk would seem to be at fault."""
        look = self._walk()
        try:
            self.take(look.well())
        except Strayed:
            return False
        finally:
            self.run(look.end())
        return True
