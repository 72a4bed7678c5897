"""Finds the cases: imports every module below `hopcheck.cases`, and offers what they registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from fnmatch import fnmatchcase

import hopcheck.cases
from hopcheck.authoring.registry import GROUPS, REGISTRY, Case
from hopcheck_server.upstream.script.turns import Script


def all_cases() -> dict[str, Case]:
    """Every case, by id, in order."""
    for module in pkgutil.walk_packages(hopcheck.cases.__path__, "hopcheck.cases."):
        importlib.import_module(module.name)
    return dict(sorted(REGISTRY.items()))


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
