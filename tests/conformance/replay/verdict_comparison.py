"""Compares the verdicts of a run on cassettes with those of a run with LiteLLM, case by case.

`python tests/conformance/replay/verdict_comparison.py live.json replay.json`, both made by `hopcheck gate --json`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hopcheck.report.document import load_document
from hopcheck.report.run_summary import LIVE_ONLY


def verdicts(document: dict[str, Any]) -> dict[str, tuple[str, dict[str, bool]]]:
    """The outcome of each case, and whether all findings of each check held, without those of the replay."""
    found = {}
    for case in document["cases"]:
        held: dict[str, bool] = {}
        for finding in case["findings"]:
            if not finding["check"].startswith("replay."):
                held[finding["check"]] = held.get(finding["check"], True) and finding["ok"]
        found[case["id"]] = (case["outcome"], held)
    return found


def causes(document: dict[str, Any]) -> set[tuple[str, str]]:
    """What did not hold on the exchanges of a run."""
    return {(cause["check"], cause["cause"]) for cause in document["causes"]}


def live_only(document: dict[str, Any]) -> dict[str, str]:
    """The cases that cassettes can't judge, with the reasons."""
    return {case["id"]: case["reason"] for case in document["cases"] if case["reason"].startswith(LIVE_ONLY)}


def differences(live: dict[str, Any], replayed: dict[str, Any]) -> list[str]:
    """A line for each case whose verdicts differ."""
    there, here, apart = verdicts(live), verdicts(replayed), live_only(replayed)
    return [
        f"{case}: live {there.get(case)}, replayed {here.get(case)}"
        for case in sorted(there.keys() | here.keys())
        if case not in apart and there.get(case) != here.get(case)
    ]


def main(live_path: str, replayed_path: str) -> int:
    live, replayed = (dict(load_document(Path(path))) for path in (live_path, replayed_path))
    found, apart = differences(live, replayed), live_only(replayed)
    print(*found, sep="\n" if found else "")
    for case, reason in apart.items():
        print(f"{case}: {reason}")
    cases = len(replayed["cases"])
    print(f"{cases - len(apart) - len(found)} of {cases} cases the same, {len(found)} differ, {len(apart)} live-only")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
