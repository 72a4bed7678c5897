"""Whether a run on cassettes comes to the same as a run with LiteLLM, case by case.

`python tests/replay/same_verdicts.py live.json replay.json`, both made by `hopcheck gate --json`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hopcheck.report.build import LIVE_ONLY
from hopcheck.report.document import load_document


def verdicts(document: dict[str, Any]) -> dict[str, tuple[str, dict[str, bool]]]:
    """By case: its outcome, and by check whether all findings of that name held; the replay's own left out.

    A contract's finding is there only where there was something to judge, and to a provider's cut LiteLLM answers now
    with a broken stream, now with an error in its place: so only those that fail count.
    """
    found = {}
    for case in document["cases"]:
        held: dict[str, bool] = {}
        for finding in case["findings"]:
            beside = finding["check"].startswith("contract.") and finding["ok"]
            if not beside and not finding["check"].startswith("replay."):
                held[finding["check"]] = held.get(finding["check"], True) and finding["ok"]
        found[case["id"]] = (case["outcome"], held)
    return found


def live_only(document: dict[str, Any]) -> dict[str, str]:
    """The cases that cassettes can't judge, and why."""
    return {case["id"]: case["reason"] for case in document["cases"] if case["reason"].startswith(LIVE_ONLY)}


def differences(live: dict[str, Any], replayed: dict[str, Any]) -> list[str]:
    """A line for each case that came to something else."""
    there, here, apart = verdicts(live), verdicts(replayed), live_only(replayed)
    return [
        f"{case}: live {there.get(case)}, replayed {here.get(case)}"
        for case in sorted(there.keys() | here.keys())
        if case not in apart and there.get(case) != here.get(case)
    ]


def main(live_path: str, replayed_path: str) -> int:
    live, replayed = (dict(load_document(Path(path))) for path in (live_path, replayed_path))
    told, apart = differences(live, replayed), live_only(replayed)
    print(*told, sep="\n" if told else "")
    for case, reason in apart.items():
        print(f"{case}: {reason}")
    cases = len(replayed["cases"])
    print(f"{cases - len(apart) - len(told)} of {cases} cases the same, {len(told)} otherwise, {len(apart)} live-only")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
