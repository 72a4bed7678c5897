"""Finds the cases: imports every file below `hopcheck.cases`, and offers what they registered."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import hopcheck.cases
from hopcheck.authoring.areas import GROUPS
from hopcheck.authoring.literal_checks import unknown_checks
from hopcheck.authoring.mistakes import CaseError
from hopcheck.authoring.outside import import_file, import_folder, is_outside
from hopcheck.authoring.registry import REGISTRY, Case
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


def select(cases: Iterable[Case], patterns: Iterable[str] = (), profiles: Iterable[str] = ()) -> list[Case]:
    """The cases whose id matches a pattern, and whose area is among the areas and groups given; empty means all."""
    wanted = list(patterns)
    among = {area for profile in profiles for area in GROUPS.get(profile, (profile,))}
    return [
        case
        for case in cases
        if (not wanted or any(fnmatchcase(case.id, pattern) for pattern in wanted))
        and (not among or case.profile in among)
    ]


def all_scripts(cases: Iterable[Case]) -> dict[str, Script]:
    """The upstream's scripts for these cases, by the names that stand in markers."""
    return {name: script for case in cases for name, script in case.upstream_scripts().items()}
