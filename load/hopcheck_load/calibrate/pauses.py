"""What pauses do to those who take part in an exchange: the same delays asked back to back, and after pauses.

No row is judged: the table says where the difference lies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hopcheck_load.calibrate.measuring import SHOWN_HOT, Found
from hopcheck_load.calibrate.rows import of, over_base, told_delay
from hopcheck_load.paths import request, residence, response
from hopcheck_load.table import Table, Value, latency, outside

COLUMNS = ("", "in all", "before the upstream", "at the upstream", "after it")
PARTS: tuple[Value, ...] = (latency, request, residence, response)


def markdown(found: Found) -> list[str]:
    """As a table, medians in milliseconds."""
    header = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    conditions = {"back to back": of(found.hot, "chat"), "after pauses": of(found.paused, "chat")}
    return [*header, *_without_delay(conditions), *_beyond(conditions)]


def _without_delay(conditions: dict[str, Table]) -> Iterator[str]:
    """The plain relay is slower after pauses, though nothing about it is another."""
    for condition, table in conditions.items():
        ways = (outside, request, None, response)
        yield _line(f"the plain relay, {condition}, without the upstream's time", (_median(table, way) for way in ways))


def _median(table: Table, way: Value | None) -> float | None:
    return None if way is None else float(np.median(table.known("base", way)))


def _beyond(conditions: dict[str, Table]) -> Iterator[str]:
    """What is measured beyond the delay that was told, and where."""
    for name in SHOWN_HOT:
        for condition, table in conditions.items():
            told = over_base(table, name, told_delay)
            takes = (told, told, 0.0, 0.0)
            beyond = (
                float(np.median(over_base(table, name, part) - taken)) for part, taken in zip(PARTS, takes, strict=True)
            )
            yield _line(f"{name}, {condition}: beyond the delay", beyond)


def _line(what: str, values: Iterator[float | None]) -> str:
    cells = ("" if value is None else f"{value:.4f}" for value in values)
    return f"| {what} | {' | '.join(cells)} |"
