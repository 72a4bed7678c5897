"""The decorator that makes cases and registers them.

A case registers itself when its file is imported; `hopcheck.gate.catalogue` imports them all. There is no other list.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence

from hopcheck.authoring.areas import AREAS
from hopcheck.authoring.case import LIMITS, TWO_SIDED, Case, CaseFunction, Operations, in_order
from hopcheck.authoring.duties import DUTIES
from hopcheck.authoring.findings import Level, LevelName
from hopcheck.authoring.isolation import Isolation, IsolationName
from hopcheck.authoring.mistakes import require_known, suggestion
from hopcheck.authoring.mutants import first_line
from hopcheck.authoring.outside import is_outside
from hopcheck.client.config import DECLARABLE
from hopcheck.client.operations import OPERATIONS
from hopcheck_server.upstream.script.reply import Scripted, script_of
from hopcheck_server.upstream.script.turns import Script

_OF_AREA: Mapping[str, str] = {"stream": "chat.stream", "embeddings": "embeddings", "models": "models"}

_VARIANT = re.compile(r"[a-z0-9_.-]*")
_ID = re.compile(r"[a-z_]+\.[a-z0-9]+(-[a-z0-9]+)*")

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
        timed: Whether it reads the clock, though its isolation is neither `paced` nor `exclusive`.
        refusable: Whether a target may refuse its requests, though they are valid.
        trips_on: Mutants of other cases that this one may fail on, too, as `<case id>:<class>` patterns.

    Returns:
        A decorator that returns the `Case`, which offers `mutant`.

    Raises:
        ValueError: The id is malformed, taken, or of no area; the function is no async generator or has no docstring;
            or the level, the operation, the isolation, a need or a variant is unknown.
    """
    operations = in_order(on or _OF_AREA.get(case_id.partition(".")[0], "chat"))
    manner = isolation or ("rate_window" if LIMITS & set(needs) else "shared")
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
