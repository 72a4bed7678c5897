"""Compares the verdicts of two gate reports, case by case: `python -m tools.compare_reports OLD.json NEW.json`.

Prints each case whose outcome or failed checks differ, and exits with 1 if there is one. `--map FILE` names a JSON
object of renamed cases, `{"old id": "new id"}`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ABSENT = "not in the report"


class CaseVerdict(NamedTuple):
    """The verdict on one case: its outcome, and the names of the checks that failed."""

    outcome: str
    failed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The verdict as it is printed."""
        return f"{self.outcome} ({', '.join(self.failed)})" if self.failed else self.outcome


def verdicts(report: Mapping[str, Any], renamed: Mapping[str, str] | None = None) -> dict[str, CaseVerdict]:
    """The verdicts of a report, by the ids that the cases have now."""
    now = renamed or {}
    return {now.get(case["id"], case["id"]): CaseVerdict(case["outcome"], _failed(case)) for case in report["cases"]}


def _failed(case: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted({finding["check"] for finding in case["findings"] if not finding["ok"]}))


def differences(old: Mapping[str, CaseVerdict], new: Mapping[str, CaseVerdict]) -> Iterator[str]:
    """One line for each case whose verdicts differ, or that only one report has."""
    absent = CaseVerdict(ABSENT)
    for case_id in sorted(old.keys() | new.keys()):
        before, after = old.get(case_id, absent), new.get(case_id, absent)
        if before != after:
            yield f"{case_id}: {before} -> {after}"


def main(words: list[str] | None = None) -> int:
    """Compare the reports that the arguments name.

    Returns:
        The exit code: 0 if all verdicts are the same, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.compare_reports", description=__doc__.partition("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--map", type=Path, metavar="FILE", help="renamed cases: a JSON object of old ids and new ids")
    arguments = parser.parse_args(words)
    renamed = _read(arguments.map) if arguments.map else {}
    old, new = verdicts(_read(arguments.old), renamed), verdicts(_read(arguments.new))
    found = list(differences(old, new))
    for line in found:
        print(line)
    print(f"{len(old.keys() | new.keys())} cases, {len(found)} of them with different verdicts", file=sys.stderr)
    return 1 if found else 0


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
