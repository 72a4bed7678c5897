"""Compares two gate reports, cause by cause and case by case: `python -m tools.compare_reports OLD.json NEW.json`.

Prints each cause that is new, gone, or was met another number of times, and each case whose outcome or failed checks
differ. Exits with 1 if a case differs, or a cause is new or gone: how often a cause is met may vary from run to run.
`--map FILE` names a JSON object of renamed cases, `{"old id": "new id"}`.
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


def verdicts(
    report: Mapping[str, Any], renamed: Mapping[str, str] | None = None, *, operations: bool = False
) -> dict[str, CaseVerdict]:
    """The verdicts of a report, by the ids that the cases have now, and by their operations if those are wanted."""
    now = renamed or {}
    return {
        now.get(case["id"], case["id"]) + (f"[{case['operation']}]" if operations else ""): CaseVerdict(
            case["outcome"], _failed(case)
        )
        for case in report["cases"]
    }


def have_operations(*reports: Mapping[str, Any]) -> bool:
    """Whether all the reports say how each case was asked; those of the first schema don't."""
    return all("operation" in case for report in reports for case in report["cases"])


def _failed(case: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted({finding["check"] for finding in case["findings"] if not finding["ok"]}))


def cause_counts(report: Mapping[str, Any]) -> dict[str, int]:
    """How often each cause of a report was met, by check and cause; none in a report of the first schema."""
    return {f"{one['check']}: {one['cause']}": one["count"] for one in report.get("causes", ())}


def cause_changes(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    """One line for each cause that is new or gone."""
    for key in sorted(old.keys() ^ new.keys()):
        yield f"new cause: {key} ({new[key]} times)" if key in new else f"gone cause: {key} ({old[key]} times)"


def count_changes(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    """One line for each cause that was met another number of times."""
    for key in sorted(old.keys() & new.keys()):
        if old[key] != new[key]:
            yield f"cause: {key}: {old[key]} -> {new[key]} times"


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
    before, after = _read(arguments.old), _read(arguments.new)
    operations = have_operations(before, after)
    old, new = verdicts(before, renamed, operations=operations), verdicts(after, operations=operations)
    old_causes, new_causes = cause_counts(before), cause_counts(after)
    changed, found = list(cause_changes(old_causes, new_causes)), list(differences(old, new))
    for line in (*changed, *count_changes(old_causes, new_causes), *found):
        print(line)
    print(
        f"{len(old.keys() | new.keys())} cases, {len(found)} of them with different verdicts; "
        f"{len(old_causes.keys() | new_causes.keys())} causes, {len(changed)} of them new or gone",
        file=sys.stderr,
    )
    return 1 if found or changed else 0


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
