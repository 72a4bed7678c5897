"""Measure known delays, and print tables: `python -m tools.calibrate`; `--others` adds a table with Locust and wrk.

Every delay is measured in the same rounds as the same relay with a delay of 0, whose time is subtracted exchange by
exchange. The exit code is 1 if a row is farther off than it may be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hopcheck_load.measurement import machine
from hopcheck_server.exits import DOES_NOT_HOLD, HOLDS, INTERRUPTED, Stop
from tools.calibrate import generator_comparison, pauses, rows
from tools.calibrate.measurements import COMMAND, calibrate
from tools.calibrate.rows import CalibrationRow

ROUNDS = 500


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the requests (default: %(default)s)")
    parser.add_argument("--others", action="store_true", help="measure some of it with plain Locust and wrk, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON, too")
    arguments = parser.parse_args(argv)
    try:
        found = _tables(arguments.rounds, arguments.json, with_others=arguments.others)
    except Stop as stop:
        print(f"hopcheck: {stop}", file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("hopcheck: interrupted", file=sys.stderr)
        return INTERRUPTED
    return HOLDS if all(row.holds for row in found) else DOES_NOT_HOLD


def _tables(rounds: int, json_file: Path | None, *, with_others: bool) -> list[CalibrationRow]:
    measured = calibrate(rounds)
    where, found = measured.paused.header.machine, rows.rows(measured)
    if json_file:
        _write(json_file, where, found)
    print(f"{where['processor']}, {where['processors']} processors, {where['system']}, Python {where['python']}\n")
    _print(rows.markdown(found))
    _print(f"a busy machine: {complaint}" for complaint in machine.complaints(where))
    print("What a pause does, medians in milliseconds:\n")
    _print(pauses.markdown(measured))
    if with_others:
        _print(generator_comparison.markdown(generator_comparison.compare(measured)))
    return found


def _print(lines: Iterable[str]) -> None:
    print("\n".join([*lines, ""]), flush=True)


def _write(file: Path, where: dict[str, Any], found: Sequence[CalibrationRow]) -> None:
    document = {"machine": where, "rows": [{**asdict(row), "holds": row.holds} for row in found]}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
