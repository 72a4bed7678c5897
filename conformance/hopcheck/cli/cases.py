"""List the cases, or explain those that match a pattern."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from hopcheck.authoring.areas import AREAS, GROUPS
from hopcheck.authoring.case import Case
from hopcheck.authoring.left_out import reasons_left_out
from hopcheck.cli.case_arguments import add_case_folder
from hopcheck.cli.exits import HOLDS, USAGE, Stop
from hopcheck.fuzz.fuzz_cases import all_fuzz_cases
from hopcheck.gate.catalogue import all_cases, matching


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("pattern", nargs="*", help="ids, or patterns such as 'stream.*'; one id alone is explained")
    parser.add_argument(
        "--profile", action="append", default=[], choices=[*GROUPS, *AREAS], metavar="AREA", help="only this profile"
    )
    add_case_folder(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """List or explain the cases; returns the exit code."""
    known = {**all_cases(arguments.cases), **all_fuzz_cases()}
    found = matching(known.values(), arguments.pattern, arguments.profile)
    if not found:
        raise Stop(USAGE, f"no case matches {' '.join(arguments.pattern)!r}; `hopcheck cases` lists them all.")
    if arguments.json:
        json.dump([as_json(case) for case in found], sys.stdout, indent=2)
        print()
    elif len(found) == 1:
        print(explained(found[0]))
    else:
        for case in found:
            print(f"{case.id:<34} {case.level.value:<6} {case.requirement}")
    return HOLDS


def as_json(case: Case) -> dict[str, Any]:
    """A case as `hopcheck cases --json` shows it."""
    return {
        "id": case.id,
        "level": case.level.value,
        "profile": case.profile,
        "operations": list(case.operations),
        "left_out": reasons_left_out(case),
        "requirement": case.requirement,
        "refs": list(case.refs),
        "needs": sorted(case.needs),
        "mutants": [
            {"name": one.name, "killed_by": one.killed_by, "on": list(one.on or case.operations), "story": one.story}
            for one in case.mutants
        ],
    }


def explained(case: Case) -> str:
    """A case in full, for people."""
    lines = [
        f"{case.id}  ({case.level.value}, profile {case.profile})",
        f"  {case.requirement}",
        "",
        *(f"  rests on    {ref}" for ref in case.refs),
        f"  asked on    {', '.join(case.operations)}",
        *(f"  not on      {name}: {reason}".removesuffix(": ") for name, reason in reasons_left_out(case).items()),
        *([f"  needs       {', '.join(sorted(case.needs))}"] if case.needs else []),
        *(["", "  Mutants, each a gateway that gets it wrong:"] if case.mutants else []),
        *(f"  - {mutant.story}  (killed by {mutant.killed_by!r})" for mutant in case.mutants),
    ]
    return "\n".join(lines)
