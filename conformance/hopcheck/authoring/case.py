"""A registered case: one requirement of the catalogue, as code, and the mutants that its checks kill."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self

from hopcheck.authoring.case_names import case_key
from hopcheck.authoring.findings import Finding, Level
from hopcheck.authoring.isolation import Isolation
from hopcheck.authoring.mistakes import place_of, require_known
from hopcheck.authoring.mutants import Mutant, RelayClass, require_relay
from hopcheck.client import Target
from hopcheck.client.operations import OPERATIONS
from hopcheck_server.upstream.script.marker import script_name
from hopcheck_server.upstream.script.turns import Script

Operations = str | Sequence[str]
"""What a case is run on: the name of an operation, several, or a group such as `GENERATING`."""

CaseFunction = Callable[..., AsyncIterator[Finding]]
"""Given the target, and, if it takes a second argument, the operation that it is run on."""

TWO_SIDED = "two_sided"
"""What a case needs that looks at the provider's side of the target, too."""

LIMITS = frozenset({"rate_limit", "concurrency_limit"})
"""What must be declared for a case that uses up a limit; one of them is enough."""


@dataclass(frozen=True)
class Case:
    """One requirement of the catalogue, as code.

    Attributes:
        id: `<area>.<name>`; it is never renamed.
        level: How binding the requirement is.
        requirement: The docstring's first line.
        function: Yields the findings.
        refs: The documents that the requirement rests on.
        needs: Keys under `[declares]` that it asks for, what only some kinds of gateway owe, and `two_sided`.
        scripts: What the upstream plays, by variant; the plain one is "".
        operations: The operations that it is asked on.
        operation: The one of them that this value is run on.
        because: Why it is asked on these operations alone, where that doesn't go without saying.
        isolation: How it must be run.
        floods: Whether its requests are many or large enough to keep the target busy.
        timed: Whether it reads the clock though it isn't run alone for that (see `reads_clock`).
        refusable: Whether a target may refuse its requests, though they are valid: for their size, say.
        scripted: Whether the case gave a script: then at least one of its requests must reach the upstream.
        trips_on: Mutants of other cases (`<case id>:<class name>` patterns) that this case may fail on, too.
        mutants: Filled by the decorator.
    """

    id: str
    level: Level
    requirement: str
    function: CaseFunction
    refs: tuple[str, ...]
    needs: frozenset[str]
    scripts: Mapping[str, Script]
    operations: tuple[str, ...] = ("chat",)
    operation: str = "chat"
    because: str = ""
    isolation: Isolation = Isolation.SHARED
    floods: bool = False
    timed: bool = False
    refusable: bool = False
    scripted: bool = False
    trips_on: tuple[str, ...] = ()
    mutants: list[Mutant] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its id with the operation that this value is run on: `errors.shape[chat.stream]`."""
        return case_key(self.id, self.operation)

    def on_each(self) -> list[Self]:
        """The case on each of its operations."""
        return [replace(self, operation=name) for name in self.operations]

    def findings(self, target: Target) -> AsyncIterator[Finding]:
        """Ask its question of a target."""
        takes = len(inspect.signature(self.function).parameters)
        return self.function(target, target.ask) if takes > 1 else self.function(target)

    @property
    def profile(self) -> str:
        """Its area."""
        return self.id.partition(".")[0]

    @property
    def place(self) -> str:
        """`file:line` of its function."""
        return place_of(self.function)

    @property
    def uses_a_limit(self) -> bool:
        """Whether it uses up a limit, so that no other case that does so can run at the same time."""
        return bool(self.needs & LIMITS)

    @property
    def reads_clock(self) -> bool:
        """Whether its findings depend on how long things take, so that they must take as long as they do."""
        is_undisturbed = self.isolation in (Isolation.PACED, Isolation.EXCLUSIVE)
        return self.timed or (is_undisturbed and not self.floods)

    @property
    def pause_s(self) -> float:
        """The longest pause of its scripts in seconds, endless where it waits for the target's timeout."""
        deliveries = (turn.delivery for script in self.scripts.values() for turn in script.all_turns)
        longest = max((one.delay_s + one.first_event_delay_s + one.pace_s for one in deliveries), default=0.0)
        return inf if "timeout_s" in self.needs else longest

    def upstream_scripts(self) -> dict[str, Script]:
        """The scripts by the names that stand in markers."""
        return {script_name(self.id, variant): script for variant, script in self.scripts.items()}

    def mutant(
        self,
        *,
        killed_by: str,
        on: Operations | None = None,
        also: Sequence[str] = (),
        everywhere: bool = False,
        trips: Sequence[str] = (),
    ) -> Callable[[RelayClass], RelayClass]:
        """Register a relay class as a mutant of this case.

        Args:
            killed_by: The check that must fail on it.
            on: The operations on which it is wrong; None means all of the case's.
            also: Checks that the case makes before that one, and that may fail, too.
            everywhere: Whether it is wrong on all operations at once, as what it mixes up belongs to several requests;
                else the self-test lets it be wrong on one at a time.
            trips: Ids or patterns (`stream.*`) of other cases that may fail on it, too.

        Raises:
            ValueError: The class is no relay, or has no docstring, or the case isn't asked on one of the operations.
        """
        wrong_on = () if on is None else in_order(on)
        for name in wrong_on:
            require_known(f"an operation of a mutant of {self.id}", name, self.operations)

        def register(relay: RelayClass) -> RelayClass:
            story = require_relay(relay)
            self.mutants.append(
                Mutant(relay.__name__, story, relay, killed_by, tuple(trips), wrong_on, tuple(also), everywhere)
            )
            return relay

        return register


def in_order(on: Operations) -> tuple[str, ...]:
    """Operations in the order in which cases are run on them."""
    named = (on,) if isinstance(on, str) else tuple(on)
    unknown = [name for name in named if name not in OPERATIONS]
    return (*(name for name in OPERATIONS if name in named), *unknown)
