"""Finds the cases: imports every file below `hopcheck.cases`, and offers what they registered."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from pathlib import Path

import hopcheck.cases
from hopcheck.authoring.areas import GROUPS
from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import CasePattern
from hopcheck.authoring.mistakes import CaseError
from hopcheck.authoring.outside import import_file, import_folder, is_outside
from hopcheck.authoring.registry import REGISTRY
from hopcheck.gate.literal_checks import unknown_checks
from hopcheck_server.upstream.script.turns import Script


def all_cases(folder: Path | None = None) -> dict[str, Case]:
    """Every case, by id, in order.

    Args:
        folder: Also those in the Python files of this folder.

    Raises:
        CaseError: A case file has a mistake.
    """
    root = Path(next(iter(hopcheck.cases.__path__)))
    for module in pkgutil.walk_packages([str(root)], "hopcheck.cases."):
        if not module.ispkg:
            import_file(root.joinpath(*module.name.split(".")[2:]).with_suffix(".py"), module.name)
    if folder is not None:
        import_folder(folder)
        _require_literal_checks(case for case in REGISTRY.values() if is_outside(case.function.__module__))
    return dict(sorted(REGISTRY.items()))


def _require_literal_checks(cases: Iterable[Case]) -> None:
    mistakes = [mistake for case in cases for mistake in unknown_checks(case)]
    if mistakes:
        raise CaseError("\n".join(mistakes))


def matching(cases: Iterable[Case], patterns: Iterable[str] = (), profiles: Iterable[str] = ()) -> list[Case]:
    """The cases that match a pattern on one of their operations, of the areas and groups given; empty means all."""
    offered = list(cases)
    selected = {case.id for case in select(offered, patterns, profiles)}
    return [case for case in offered if case.id in selected]


def select(
    cases: Iterable[Case],
    patterns: Iterable[str] = (),
    profiles: Iterable[str] = (),
    operations: Iterable[str] = (),
) -> list[Case]:
    """Each case on each of its operations, as far as it is selected; what is empty selects everything.

    Args:
        cases: The cases.
        patterns: See `CasePattern`.
        profiles: Areas, and groups of areas.
        operations: Names of operations.
    """
    wanted = [CasePattern.parse(pattern) for pattern in patterns] or [CasePattern("*")]
    among = {area for profile in profiles for area in GROUPS.get(profile, (profile,))}
    asked = frozenset(operations)
    return [
        one
        for case in cases
        if not among or case.profile in among
        for one in case.on_each()
        if (not asked or one.operation in asked) and any(pattern.matches(one.id, one.operation) for pattern in wanted)
    ]


def by_key(cases: Iterable[Case]) -> dict[str, Case]:
    """Cases on operations, by their key."""
    return {case.key: case for case in cases}


def all_scripts(cases: Iterable[Case]) -> dict[str, Script]:
    """The upstream's scripts for these cases, by the names that stand in markers."""
    return {name: script for case in cases for name, script in case.upstream_scripts().items()}
