"""Walks through a target at random, made by hypothesis: a state machine whose rules are the steps of `walking.Walk`.

After each step the target must still answer a healthy request, and nothing of one request may show up in another. The
target keeps its state from walk to walk, as it would in use. Whoever imports this needs the extra `fuzz`.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, HypothesisWarning
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, sampled_from

from hopcheck.engine import Setting
from hopcheck.fuzz.faults import BREAKS, FAILURES, LIMITED
from hopcheck.fuzz.walking import Opened, Strayed, Walk
from hopcheck_server.upstream.control import Control

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine in the loop that the target is asked from, and waits for it."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        """Do it."""


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


async def walk(setting: Setting, control: Control, walks: Walks) -> Strayed | None:
    """Walk through a target.

    Args:
        setting: The target.
        control: The upstream behind it.
        walks: How often, and how far.

    Returns:
        The shortest walk after which something doesn't hold; None if all is well.

    Raises:
        Untestable: The target can't be reached.
    """
    loop = asyncio.get_running_loop()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    search = _Search(lambda: Walk(setting, control, walks.grace_s), run, walks)
    return await asyncio.to_thread(search.look)


class _Search:
    """One search while it goes on."""

    def __init__(self, begin: Callable[[], Walk], run: Run, walks: Walks) -> None:
        self.begin = begin
        self.run = run
        self.found: Strayed | None = None
        self._shortest = 0
        self._walks = walks
        self._shrink_until = 0.0
        self._damaged = False

    @property
    def over(self) -> bool:
        """Whether no more walks are made: the target doesn't recover from one, or the time to shorten it is over."""
        return self.found is not None and (self._damaged or time.monotonic() >= self._shrink_until)

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
        machine = seeded(self._walks.seed)(_Machine.of(self))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            try:
                run_state_machine_as_test(machine, settings=bounds)
            except (Strayed, Flaky):  # flaky is what a walk looks like that is no more made again
                if self.found is None:
                    raise
        return self.found

    def keep(self, made: Walk, strayed: Strayed) -> None:
        """Keep a walk that fails, if no shorter one is known."""
        if self.found is None:
            self._shrink_until = time.monotonic() + self._walks.shrink_s
        if self.found is None or len(made.story) < self._shortest:
            self.found, self._shortest = strayed, len(made.story)
        self._damaged = not self._is_well()

    def _is_well(self) -> bool:
        """Whether the target has got over it: else every shorter walk would seem to be at fault."""
        look = self.begin()
        try:
            self.run(look.well())
        except Strayed:
            return False
        finally:
            self.run(look.end())
        return True


class _Machine(RuleBasedStateMachine):
    """A walk whose steps hypothesis chooses; `of` makes the class that belongs to a search."""

    search: ClassVar[_Search]
    opened = Bundle("opened")

    @classmethod
    def of(cls, search: _Search) -> type[_Machine]:
        """Hypothesis makes the walks itself, so what they belong to is on their class."""
        return type("Machine", (cls,), {"search": search})

    def __init__(self) -> None:
        super().__init__()
        self.walk = self.search.begin()
        self.fell = False

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        if self.search.over or self.fell:
            step.close()
            return None
        try:
            return self.search.run(step)
        except Strayed as strayed:
            self.fell = True
            self.search.keep(self.walk, strayed)
            raise

    @rule(stream=booleans(), other=booleans())
    def answered(self, stream: bool, other: bool) -> None:
        self.take(self.walk.answered(stream=stream, other=other))

    @rule(fault=sampled_from(sorted(FAILURES)), stream=booleans())
    def fails(self, fault: str, stream: bool) -> None:
        self.take(self.walk.fails(fault, stream=stream))

    @rule(fault=sampled_from(sorted(BREAKS)))
    def breaks_off(self, fault: str) -> None:
        self.take(self.walk.fails(fault, stream=True))

    @rule(fault=sampled_from(sorted(LIMITED)), stream=booleans())
    def is_limited(self, fault: str, stream: bool) -> None:
        self.take(self.walk.fails(fault, stream=stream))

    @rule(key=booleans())
    def refused(self, key: bool) -> None:
        self.take(self.walk.refused(key=key))

    @precondition(lambda self: self.walk.has_limit)
    @rule()
    def used_up(self) -> None:
        self.take(self.walk.used_up())

    @rule(target=opened, whole=booleans())
    def opens(self, whole: bool) -> Opened | None:
        return self.take(self.walk.opens(whole=whole))

    @precondition(lambda self: self.walk.narrow)
    @rule(target=opened, whole=booleans())
    def takes_a_place(self, whole: bool) -> Opened | None:
        return self.take(self.walk.opens(whole=whole, model=self.walk.narrow))

    @rule(one=consumes(opened))
    def reads_on(self, one: Opened | None) -> None:
        if one:
            self.take(self.walk.reads_on(one))

    @rule(one=consumes(opened))
    def leaves(self, one: Opened | None) -> None:
        if one:
            self.take(self.walk.leaves(one))

    @rule()
    def gives_up(self) -> None:
        self.take(self.walk.gives_up())

    @invariant()
    def well(self) -> None:
        self.take(self.walk.well())

    def teardown(self) -> None:
        try:
            self.take(self.walk.all_leave())
            self.take(self.walk.well())
        finally:
            self.search.run(self.walk.end())
