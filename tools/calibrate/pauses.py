"""The effect of pauses: the same delays measured back to back, and after pauses.

No row is judged: the table shows where the difference arises.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.legs import request, residence, response
from hopcheck_load.stats.table import Table, Value, latency, outside
from tools.calibrate.delays import ON_TIME
from tools.calibrate.measurements import SHOWN_HOT, CalibrationResult
from tools.calibrate.rows import of, over_on_time, reported_delay

COLUMNS = ("", "in all", "before the upstream", "at the upstream", "after it")
PARTS: tuple[Value, ...] = (latency, request, residence, response)


def markdown(found: CalibrationResult) -> list[str]:
    """Return a table of medians in milliseconds."""
    header = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    conditions = {"back to back": of(found.hot, "chat"), "after pauses": of(found.paused, "chat")}
    excess = [beyond(name, *one) for name in SHOWN_HOT for one in conditions.items()]
    return [*header, *_without_delay(conditions), *excess]


def _without_delay(conditions: dict[str, Table]) -> Iterator[str]:
    """Return the rows of the relay on time: it is slower after pauses, though it does the same."""
    for condition, table in conditions.items():
        ways = (outside, request, None, response)
        yield _line(
            f"the relay on time, {condition}, without the upstream's time", (_median(table, way) for way in ways)
        )


def _median(table: Table, way: Value | None) -> float | None:
    return None if way is None else float(np.median(table.known(ON_TIME, way)))


def beyond(name: str, condition: str, table: Table) -> str:
    """Return what is measured of a relay beyond the delay that it reports, and in which part of the exchange."""
    reported = over_on_time(table, name, reported_delay)
    nothing: Floats = np.zeros_like(reported)
    takes: list[Floats] = [reported, reported, nothing, nothing]
    excess = (over_on_time(table, name, part) - taken for part, taken in zip(PARTS, takes, strict=True))
    return _line(f"{name}, {condition}: beyond the delay", (float(np.median(one)) for one in excess))


def _line(what: str, values: Iterator[float | None]) -> str:
    cells = ("" if value is None else f"{round(value, 4) + 0.0:.4f}" for value in values)  # no -0.0000
    return f"| {what} | {' | '.join(cells)} |"
