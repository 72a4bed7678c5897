"""What pauses do to those who take part in an exchange: the same delays asked back to back, and after pauses.

No row is judged: the table says where the difference lies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hopcheck_load.stats.intervals import Floats
from hopcheck_load.stats.legs import request, residence, response
from hopcheck_load.stats.table import Table, Value, latency, outside
from tools.calibrate.delays import ON_TIME
from tools.calibrate.measurements import SHOWN_HOT, CalibrationResult
from tools.calibrate.rows import of, over_on_time, told_delay

COLUMNS = ("", "in all", "before the upstream", "at the upstream", "after it")
PARTS: tuple[Value, ...] = (latency, request, residence, response)


def markdown(found: CalibrationResult) -> list[str]:
    """As a table, medians in milliseconds."""
    header = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    conditions = {"back to back": of(found.hot, "chat"), "after pauses": of(found.paused, "chat")}
    excess = [beyond(name, *one) for name in SHOWN_HOT for one in conditions.items()]
    return [*header, *_without_delay(conditions), *excess]


def _without_delay(conditions: dict[str, Table]) -> Iterator[str]:
    """The relay that is on time is slower after pauses, though nothing about it is another."""
    for condition, table in conditions.items():
        ways = (outside, request, None, response)
        yield _line(
            f"the relay on time, {condition}, without the upstream's time", (_median(table, way) for way in ways)
        )


def _median(table: Table, way: Value | None) -> float | None:
    return None if way is None else float(np.median(table.known(ON_TIME, way)))


def beyond(name: str, condition: str, table: Table) -> str:
    """What is measured of a relay beyond the delay that it told, and where."""
    told = over_on_time(table, name, told_delay)
    nothing: Floats = np.zeros_like(told)
    takes: list[Floats] = [told, told, nothing, nothing]
    excess = (over_on_time(table, name, part) - taken for part, taken in zip(PARTS, takes, strict=True))
    return _line(f"{name}, {condition}: beyond the delay", (float(np.median(one)) for one in excess))


def _line(what: str, values: Iterator[float | None]) -> str:
    cells = ("" if value is None else f"{round(value, 4) + 0.0:.4f}" for value in values)  # no -0.0000
    return f"| {what} | {' | '.join(cells)} |"
