"""Measure, and print tables: `python -m hopcheck_load.calibrate`, or with `--others` beside Locust and wrk.

Every delay is measured in the same rounds as the relay that it hangs on, and what that relay itself costs is taken off
exchange by exchange. A row is within its bar, or it isn't, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hopcheck_contracts.exits import DOES_NOT_HOLD, HOLDS, Stop
from hopcheck_load import machine
from hopcheck_load.calibrate import others, pauses, rows
from hopcheck_load.calibrate.measuring import COMMAND, calibrate

ROUNDS = 500


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the requests (default: %(default)s)")
    parser.add_argument("--others", action="store_true", help="measure some of it with plain Locust and wrk, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON, too")
    arguments = parser.parse_args(argv)
    try:
        found, where = (_beside_others if arguments.others else _alone)(arguments.rounds)
    except Stop as stop:
        print(f"hopcheck: {stop}", file=sys.stderr)
        return stop.code
    for complaint in machine.complaints(where):
        print(f"\na busy machine: {complaint}")
    if arguments.json:
        said = {"machine": where, "rows": [{**asdict(row), "holds": row.holds} for row in found]}
        arguments.json.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return HOLDS if all(row.holds for row in found) else DOES_NOT_HOLD


def _alone(rounds: int) -> tuple[list[rows.Row], dict[str, Any]]:
    measured = calibrate(rounds)
    where = measured.paused.header.machine
    found = rows.rows(measured)
    _print(where, rows.markdown(found), ["", "Medians in milliseconds:", ""], pauses.markdown(measured))
    return found, where


def _beside_others(rounds: int) -> tuple[list[rows.Row], dict[str, Any]]:
    compared = others.compare(rounds)
    _print(compared.machine, others.markdown(compared))
    return compared.ours, compared.machine


def _print(where: dict[str, Any], *parts: list[str]) -> None:
    print(f"{where['processor']}, {where['processors']} processors, {where['system']}, Python {where['python']}\n")
    print("\n".join(line for part in parts for line in part))


if __name__ == "__main__":
    sys.exit(main())
