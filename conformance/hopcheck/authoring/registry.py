"""Cases and their mutants: the values, and the decorators that make them.

A case registers itself when its module is imported, and `hopcheck.gate.catalogue` imports them all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from hopcheck.authoring.findings import Finding, Level, LevelName
from hopcheck.client import Target
from hopcheck.client.config import DECLARABLE
from hopcheck_server.relay import Relay
from hopcheck_server.upstream.script.marker import script_name
from hopcheck_server.upstream.script.reply import Said, script_of
from hopcheck_server.upstream.script.turns import Script

CaseFunction = Callable[[Target], AsyncIterator[Finding]]
RelayClass = TypeVar("RelayClass", bound=type[Relay])

AREAS = (
    "chat",
    "stream",
    "tools",
    "requests",
    "translation",
    "errors",
    "auth",
    "http",
    "rate_limit",
    "retry",
    "fallback",
    "timeout",
    "cancel",
    "resources",
    "isolation",
    "cache",
    "embeddings",
    "models",
    "responses",
    "messages",
    "sessions",
    "completions",
    "health",
    "openapi",
    "cost",
    "llm_proxy",
    "fuzz",
    "clients",
    "scenarios",
)
"""What a case can be about: the first word of its id, and the profile that it belongs to."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "core": ("chat", "stream", "tools", "models"),
    "security": ("auth", "isolation", "cache"),
    "resilience": ("retry", "fallback", "timeout", "rate_limit"),
    "lifecycle": ("cancel", "resources"),
}
"""Areas by the names that `--profile` also takes."""

OperationName = Literal["chat", "chat.stream", "embeddings", "models"]
"""The operations that a case can be run on."""

_OPERATIONS: Mapping[str, OperationName] = {"stream": "chat.stream", "embeddings": "embeddings", "models": "models"}


def operation_of(area: str) -> OperationName:
    """The operation of an area's cases that name none."""
    return _OPERATIONS.get(area, "chat")


_VARIANT = re.compile(r"[a-z0-9_.-]*")
_ID = re.compile(r"[a-z_]+\.[a-z0-9]+(-[a-z0-9]+)*")

WAYS = frozenset({"two_sided", "timing", "heavy", "cooldown", "window", "recovery"})
"""What a case may need of the way in which it is run, beside what a target declares. `timing` and `heavy` cases have
nothing beside them, `window` cases use up a rate limit, `cooldown` cases make proxies rest a provider, `recovery` cases
wait until a limit's window is over."""


@dataclass(frozen=True)
class Mutant:
    """A way of being wrong that one finding must notice.

    Attributes:
        name: The relay class's name.
        story: Its docstring's first line.
        relay: The sabotaged relay.
        killed_by: The name of the check that must fail; those made before it must hold.
        trips: Other cases (id patterns) that it may fail too.
    """

    name: str
    story: str
    relay: type[Relay]
    killed_by: str
    trips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One requirement of the catalogue, as code.

    Attributes:
        id: `<area>.<name>`, stable for ever.
        level: How binding it is.
        requirement: The docstring's first line.
        function: Yields the findings.
        refs: What the requirement rests on.
        needs: Keys under `[declares]` that it asks for, and ways of running (`WAYS`).
        scripts: What the upstream plays, by variant; the plain one is "".
        operation: The operation that the case is run on.
        scripted: Whether the case said so itself: then at least one of its requests must reach the upstream.
        trips_on: Mutants of other cases (`<case id>:<class name>` patterns) that this case may notice too.
        mutants: Filled by the decorator.
    """

    id: str
    level: Level
    requirement: str
    function: CaseFunction
    refs: tuple[str, ...]
    needs: frozenset[str]
    scripts: Mapping[str, Script]
    operation: OperationName = "chat"
    scripted: bool = False
    trips_on: tuple[str, ...] = ()
    mutants: list[Mutant] = field(default_factory=list)

    @property
    def profile(self) -> str:
        """Its area."""
        return self.id.partition(".")[0]

    @property
    def uses_a_limit(self) -> bool:
        """Whether it uses up a limit, so that no other case that does may run beside it."""
        return bool(self.needs & {"window", "rate_limit", "concurrency_limit"})

    def upstream_scripts(self) -> dict[str, Script]:
        """The scripts by the names that stand in markers."""
        return {script_name(self.id, variant): script for variant, script in self.scripts.items()}

    def mutant(self, *, killed_by: str, trips: Sequence[str] = ()) -> Callable[[RelayClass], RelayClass]:
        """Register a relay class as a mutant of this case.

        Args:
            killed_by: The check that must notice it.
            trips: Ids or patterns (`stream.*`) of other cases that may fail on it too.

        Raises:
            ValueError: The class has no docstring.
        """

        def register(relay: RelayClass) -> RelayClass:
            story = _first_line(relay)
            if not story or relay.__doc__ == Relay.__doc__:
                raise ValueError(f"{relay.__name__} of {self.id} needs a docstring that says what is wrong with it")
            self.mutants.append(Mutant(relay.__name__, story, relay, killed_by, tuple(trips)))
            return relay

        return register


REGISTRY: dict[str, Case] = {}
"""Every case whose module has been imported, by id."""


def case(
    case_id: str,
    *,
    level: LevelName,
    refs: Sequence[str],
    needs: Sequence[str] = (),
    upstream: Said | Mapping[str, Said] | None = None,
    on: OperationName | None = None,
    trips_on: Sequence[str] = (),
) -> Callable[[CaseFunction], Case]:
    """Make an async generator of findings a case.

    Args:
        case_id: `<area>.<name>`; the area decides the profile.
        level: MUST, SHOULD or MAY, for findings that name none.
        refs: What the requirement rests on: a standard, an issue, a document.
        needs: What must be declared or possible for the case to apply.
        upstream: A turn, a list of turns, a script, or a dict of those by variant; None plays the default answer.
        on: The operation that the case is run on; None takes that of its area (see `operation_of`).
        trips_on: Mutants of other cases that this one may notice too, as `<case id>:<class>` patterns.

    Returns:
        A decorator that returns the `Case`, so mutants can be hung on it.

    Raises:
        ValueError: The id is malformed, taken, or of no area; the docstring is missing; or a need or
            the operation is unknown.
    """
    prefix = case_id.partition(".")[0]
    if not _ID.fullmatch(case_id) or prefix not in AREAS:
        raise ValueError(f"case id {case_id!r}: write <area>.<words-with-hyphens>, area one of {sorted(AREAS)}")

    operation = on or operation_of(prefix)
    if operation not in get_args(OperationName):
        raise ValueError(f"case {case_id} is run on {on!r}: write one of {', '.join(get_args(OperationName))}")

    def register(function: CaseFunction) -> Case:
        requirement = _first_line(function)
        if not requirement:
            raise ValueError(f"case {case_id} needs a docstring: its first line is the requirement")
        unknown = sorted(set(needs) - WAYS - DECLARABLE)
        if unknown:
            raise ValueError(f"case {case_id} needs {unknown}, which nothing declares or offers")
        if case_id in REGISTRY:
            raise ValueError(f"two cases are called {case_id}")
        made = Case(
            id=case_id,
            level=Level(level),
            requirement=requirement,
            function=function,
            refs=tuple(refs),
            needs=frozenset(needs) | ({"two_sided"} if upstream is not None else set()),
            scripts=_scripts(upstream),
            operation=operation,
            scripted=upstream is not None,
            trips_on=tuple(trips_on),
        )
        REGISTRY[case_id] = made
        return made

    return register


def _scripts(upstream: Said | Mapping[str, Said] | None) -> dict[str, Script]:
    if upstream is None:
        return {"": Script()}
    if isinstance(upstream, Mapping):
        odd = [variant for variant in upstream if not _VARIANT.fullmatch(variant)]
        if odd:
            raise ValueError(f"variants {odd}: write lower-case letters, digits, dots, hyphens and underscores")
        return {variant: script_of(said) for variant, said in upstream.items()}
    return {"": script_of(upstream)}


def _first_line(thing: Any) -> str:
    lines = (thing.__doc__ or "").strip().splitlines()
    return lines[0].strip() if lines else ""
