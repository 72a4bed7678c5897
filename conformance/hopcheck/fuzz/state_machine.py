"""The steps of a walk as the rules of a hypothesis state machine. Whoever imports this needs the extra `fuzz`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from hypothesis.strategies import booleans, sampled_from

from hopcheck.fuzz.faults import BREAKS, FAILURES, LIMITED
from hopcheck.fuzz.sequence import Opened, Strayed, Walk

T = TypeVar("T")


class Search(Protocol):
    """What walks are made for."""

    @property
    def over(self) -> bool:
        """Whether no more steps are made."""

    def begin(self) -> Walk:
        """A new walk."""

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        """Make a step; None if it was given up."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that isn't a step."""

    def keep(self, made: Walk, strayed: Strayed) -> None:
        """Keep a walk that fails."""

    def ended(self) -> None:
        """A walk came to its end."""


def machine(search: Search) -> type[RuleBasedStateMachine]:
    """The state machine of a search. Hypothesis makes the walks itself, so what they belong to is on their class."""
    return type("Machine", (_Machine,), {"search": search})


class _Machine(RuleBasedStateMachine):
    """A walk whose steps hypothesis chooses: each rule is one of them."""

    search: ClassVar[Search]
    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.walk = self.search.begin()
        self.fell = False

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        if self.search.over or self.fell:
            step.close()
            return None
        try:
            return self.search.take(step)
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
            self.search.ended()
        finally:
            self.search.run(self.walk.end())
