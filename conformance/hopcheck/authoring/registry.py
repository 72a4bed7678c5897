"""Cases, and the decorator that makes and registers them.

A case registers itself when its file is imported; `hopcheck.gate.catalogue` imports them all. There is no other list.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from hopcheck.authoring.areas import AREAS
from hopcheck.authoring.case_names import case_key
from hopcheck.authoring.duties import DUTIES
from hopcheck.authoring.findings import Finding, Level, LevelName
from hopcheck.authoring.isolation import Isolation, IsolationName
from hopcheck.authoring.mistakes import place_of, require_known, suggestion
from hopcheck.authoring.mutants import Mutant, RelayClass, first_line, require_relay
from hopcheck.authoring.outside import is_outside
from hopcheck.client import Target
from hopcheck.client.config import DECLARABLE
from hopcheck.client.operations import OPERATIONS
from hopcheck_server.upstream.script.marker import script_name
from hopcheck_server.upstream.script.reply import Scripted, script_of
from hopcheck_server.upstream.script.turns import Script

Operations = str | Sequence[str]
"""What a case is run on: the name of an operation, several, or a group such as `GENERATING`."""

CaseFunction = Callable[..., AsyncIterator[Finding]]
"""Given the target, and, if it takes a second argument, the operation that it is run on."""

_OF_AREA: Mapping[str, str] = {"stream": "chat.stream", "embeddings": "embeddings", "models": "models"}

_VARIANT = re.compile(r"[a-z0-9_.-]*")
_ID = re.compile(r"[a-z_]+\.[a-z0-9]+(-[a-z0-9]+)*")

TWO_SIDED = "two_sided"
"""What a case needs that looks at the provider's side of the target, too."""

_LIMITS = frozenset({"rate_limit", "concurrency_limit"})


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
        return bool(self.needs & _LIMITS)

    @property
    def reads_clock(self) -> bool:
        """Whether its findings depend on how long things take, so that they must take as long as they do."""
        return self.timed or (self.isolation is Isolation.EXCLUSIVE and not self.floods)

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
        wrong_on = () if on is None else _names(on)
        for name in wrong_on:
            require_known(f"an operation of a mutant of {self.id}", name, self.operations)

        def register(relay: RelayClass) -> RelayClass:
            story = require_relay(relay)
            self.mutants.append(
                Mutant(relay.__name__, story, relay, killed_by, tuple(trips), wrong_on, tuple(also), everywhere)
            )
            return relay

        return register


REGISTRY: dict[str, Case] = {}
"""Every case whose file has been imported, by id."""


def case(
    case_id: str,
    *,
    level: LevelName,
    refs: Sequence[str],
    needs: Sequence[str] = (),
    upstream: Scripted | Mapping[str, Scripted] | None = None,
    on: Operations | None = None,
    because: str = "",
    isolation: IsolationName | None = None,
    floods: bool = False,
    timed: bool = False,
    refusable: bool = False,
    trips_on: Sequence[str] = (),
) -> Callable[[CaseFunction], Case]:
    """Make an async generator of findings a case.

    Args:
        case_id: `<area>.<name>`; the area decides the profile.
        level: MUST, SHOULD or MAY, for findings that name none.
        refs: The documents that the requirement rests on: a standard, an issue, a page.
        needs: What must be declared for the case to apply, and what a gateway must be (`hopcheck.authoring.duties`).
        upstream: A turn, a list of turns, a script, or a dict of those by variant; None plays the default response.
        on: The operations that the case is run on; None takes that of its area, `chat` for most of them.
        because: Why it is asked on these operations alone (see `hopcheck.authoring.left_out`).
        isolation: How it must be run (see `Isolation`); None means `rate_window` if it needs a limit, else `shared`.
        floods: Whether its requests are many or large enough to keep the target busy.
        timed: Whether it reads the clock, though its isolation isn't `exclusive`.
        refusable: Whether a target may refuse its requests, though they are valid.
        trips_on: Mutants of other cases that this one may fail on, too, as `<case id>:<class>` patterns.

    Returns:
        A decorator that returns the `Case`, which offers `mutant`.

    Raises:
        ValueError: The id is malformed, taken, or of no area; the function is no async generator or has no docstring;
            or the level, the operation, the isolation, a need or a variant is unknown.
    """
    operations = _names(on or _OF_AREA.get(case_id.partition(".")[0], "chat"))
    manner = isolation or ("rate_window" if _LIMITS & set(needs) else "shared")
    _require_known_words(case_id, level, operations, manner, needs)

    def register(function: CaseFunction) -> Case:
        made = Case(
            id=case_id,
            level=Level(level),
            requirement=_requirement(case_id, function),
            function=function,
            refs=tuple(refs),
            needs=frozenset(needs) | ({TWO_SIDED} if upstream is not None else set()),
            scripts=_scripts(upstream),
            operations=operations,
            operation=operations[0],
            because=because,
            isolation=Isolation(manner),
            floods=floods,
            timed=timed,
            refusable=refusable,
            scripted=upstream is not None,
            trips_on=tuple(trips_on),
        )
        REGISTRY[case_id] = made
        return made

    return register


def _names(on: Operations) -> tuple[str, ...]:
    """Operations in the order in which cases are run on them."""
    named = (on,) if isinstance(on, str) else tuple(on)
    unknown = [name for name in named if name not in OPERATIONS]
    return (*(name for name in OPERATIONS if name in named), *unknown)


def _require_known_words(
    case_id: str, level: str, operations: Sequence[str], isolation: str, needs: Sequence[str]
) -> None:
    require_known(f"the level of {case_id}", level, list(Level))
    for name in operations:
        require_known(f"an operation of {case_id}", name, list(OPERATIONS))
    require_known(f"the isolation of {case_id}", isolation, list(Isolation))
    for need in needs:
        require_known(f"a need of {case_id}", need, DECLARABLE | {TWO_SIDED, *DUTIES})


def _requirement(case_id: str, function: CaseFunction) -> str:
    """The requirement that a case's function states, once everything about the function is in order."""
    _require_id(case_id, outside=is_outside(function.__module__))
    if not inspect.isasyncgenfunction(function):
        raise ValueError(f"{function.__name__} of {case_id} must be an `async def` that yields findings")
    requirement = first_line(function)
    if not requirement:
        raise ValueError(f"case {case_id} needs a docstring: its first line is the requirement")
    return requirement


def _require_id(case_id: str, *, outside: bool) -> None:
    """Refuse an id that is malformed or taken, or whose area is unknown; outside cases may have areas of their own."""
    area = case_id.partition(".")[0]
    if not _ID.fullmatch(case_id):
        raise ValueError(f"the case id {case_id!r} is malformed: write <area>.<words-with-hyphens>")
    hint = suggestion(area, AREAS, similarity=0.7)
    if area not in AREAS and (hint or not outside):
        raise ValueError(f"the case id {case_id!r} has an unknown area{hint or ': it is one of ' + ', '.join(AREAS)}")
    if case_id in REGISTRY:
        raise ValueError(f"the case id {case_id!r} is taken by {REGISTRY[case_id].place}")


def _scripts(upstream: Scripted | Mapping[str, Scripted] | None) -> dict[str, Script]:
    if upstream is None:
        return {"": Script()}
    if isinstance(upstream, Mapping):
        odd = [variant for variant in upstream if not _VARIANT.fullmatch(variant)]
        if odd:
            raise ValueError(f"variants {odd}: write lower-case letters, digits, dots, hyphens and underscores")
        return {variant: script_of(script) for variant, script in upstream.items()}
    return {"": script_of(upstream)}
