"""The steps of a request sequence as the rules of a hypothesis state machine. Needs the extra `fuzz`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from hypothesis.strategies import booleans, sampled_from

from hopcheck.fuzz.sequences.checked_requests import SequenceFailure
from hopcheck.fuzz.sequences.faults import BREAKS, FAILURES, LIMITED
from hopcheck.fuzz.sequences.sequence import OpenStream, RequestSequence

T = TypeVar("T")


class SequenceRunner(Protocol):
    """Runs the steps that the state machine chooses."""

    @property
    def over(self) -> bool:
        """Whether no more steps are run."""

    def begin(self) -> RequestSequence:
        """A new sequence."""

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        """Run a step; None if it was cancelled."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work that isn't a step."""

    def keep(self, sequence: RequestSequence, failure: SequenceFailure) -> None:
        """Keep a sequence that failed."""

    def count_completed(self) -> None:
        """Count a sequence that ended well."""


def machine(runner: SequenceRunner) -> type[RuleBasedStateMachine]:
    """The state machine of a search. Hypothesis creates the instances, so the runner is an attribute of their class."""
    return type("Machine", (_Machine,), {"runner": runner})


class _Machine(RuleBasedStateMachine):
    """A sequence whose steps hypothesis chooses: each rule is a step."""

    runner: ClassVar[SequenceRunner]
    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.sequence = self.runner.begin()
        self.has_failed = False

    def take(self, step: Coroutine[Any, Any, T]) -> T | None:
        if self.runner.over or self.has_failed:
            step.close()
            return None
        try:
            return self.runner.take(step)
        except SequenceFailure as failure:
            self.has_failed = True
            self.runner.keep(self.sequence, failure)
            raise

    @rule(stream=booleans(), other=booleans())
    def answered(self, stream: bool, other: bool) -> None:
        self.take(self.sequence.answered(stream=stream, other=other))

    @rule(fault=sampled_from(sorted(FAILURES)), stream=booleans())
    def fails(self, fault: str, stream: bool) -> None:
        self.take(self.sequence.fails(fault, stream=stream))

    @rule(fault=sampled_from(sorted(BREAKS)))
    def breaks_off(self, fault: str) -> None:
        self.take(self.sequence.fails(fault, stream=True))

    @rule(fault=sampled_from(sorted(LIMITED)), stream=booleans())
    def is_limited(self, fault: str, stream: bool) -> None:
        self.take(self.sequence.fails(fault, stream=stream))

    @rule(key=booleans())
    def refused(self, key: bool) -> None:
        self.take(self.sequence.refused(key=key))

    @precondition(lambda self: self.sequence.has_limit)
    @rule()
    def used_up(self) -> None:
        self.take(self.sequence.used_up())

    @rule(target=opened, whole=booleans())
    def opens(self, whole: bool) -> OpenStream | None:
        return self.take(self.sequence.opens(whole=whole))

    @precondition(lambda self: self.sequence.narrow)
    @rule(target=opened, whole=booleans())
    def takes_a_place(self, whole: bool) -> OpenStream | None:
        return self.take(self.sequence.opens(whole=whole, model=self.sequence.narrow))

    @rule(one=consumes(opened))
    def reads_on(self, one: OpenStream | None) -> None:
        if one:
            self.take(self.sequence.reads_on(one))

    @rule(one=consumes(opened))
    def leaves(self, one: OpenStream | None) -> None:
        if one:
            self.take(self.sequence.leaves(one))

    @rule()
    def gives_up(self) -> None:
        self.take(self.sequence.gives_up())

    @invariant()
    def well(self) -> None:
        self.take(self.sequence.well())

    def teardown(self) -> None:
        try:
            self.take(self.sequence.all_leave())
            self.take(self.sequence.well())
            self.take(self.sequence.holds())
            self.runner.count_completed()
        finally:
            self.runner.run(self.sequence.end())
