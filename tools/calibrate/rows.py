"""Truth and measurement, row by row.

Measured is the headline of `hopcheck load`: by how much an exchange takes longer, from sending to its last byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hopcheck_load.measurement.records import Measurement, Record
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.delivery import integrity, lags, pairs
from hopcheck_load.stats.intervals import Estimate, difference_of, median_of
from hopcheck_load.stats.table import Table, Value, first_token, latency
from tools.calibrate import delays
from tools.calibrate.delays import EVENTS_ON_TIME, ON_TIME
from tools.calibrate.measurements import DISTRIBUTIONS, CalibrationResult

BAR_MS = 0.05
BAR_SHARE = 0.05
CONTROL_MS = 0.005
CONTROL_WIDTH_MS = 0.010


@dataclass(frozen=True)
class CalibrationRow:
    """A true figure, and the measured one.

    Attributes:
        what: The name of the figure.
        truth: The true figure, in `unit`.
        measured: The measured figure, in `unit`.
        low: The interval's lower end, if there is one.
        high: Its upper end.
        bar: How far off it may be.
        unit: `ms` or `share`.
    """

    what: str
    truth: float
    measured: float
    low: float | None
    high: float | None
    bar: float
    unit: str = "ms"

    @property
    def holds(self) -> bool:
        """Whether the measured figure is no farther off than it may be."""
        return abs(self.measured - self.truth) <= self.bar


def rows(found: CalibrationResult) -> list[CalibrationRow]:
    """Return all rows of a calibration."""
    parts = control_rows(found.control), constant_rows(found.paused), distribution_rows(found.paused)
    return [*(row for part in parts for row in part), *stream_rows(found.events)]


def control_rows(measurement: Measurement) -> Iterator[CalibrationRow]:
    """Return the rows of direct against direct, whose difference is 0."""
    first, second = of(measurement, "chat").pairs("control", "direct", latency)
    estimate = median_of(first - second, measurement.header.seed)
    yield _row("direct against direct, p50", 0.0, estimate, CONTROL_MS)
    if estimate.low is not None and estimate.high is not None:
        width = estimate.high - estimate.low
        yield CalibrationRow("direct against direct, width of the interval", 0.0, width, None, None, CONTROL_WIDTH_MS)


def constant_rows(
    measurement: Measurement, delays_ms: Sequence[float] = delays.CONSTANTS_MS
) -> Iterator[CalibrationRow]:
    """Return the rows of constant delays on the request."""
    table = of(measurement, "chat")
    for delay in delays_ms:
        name = f"late-{delay:g}ms"
        real = float(np.median(over_on_time(table, name, reported_delay)))
        estimate = median_of(over_on_time(table, name, latency), measurement.header.seed)
        bar = max(BAR_MS, BAR_SHARE * real) if delay > 1 else BAR_MS
        yield _row(f"constant {delay:g} ms on the request, p50", real, estimate, bar)


def distribution_rows(
    measurement: Measurement, names: Sequence[str] = DISTRIBUTIONS, quantiles: Sequence[float] = (0.5, 0.75, 0.9)
) -> Iterator[CalibrationRow]:
    """Return the rows of distributed delays: the truth is each time through the relay on time plus a reported delay."""
    table = of(measurement, "chat")
    for name in names:
        measured, on_time = table.pairs(name, ON_TIME, latency)
        reported = over_on_time(table, name, reported_delay)
        estimates = difference_of(measured, on_time, quantiles, measurement.header.seed)
        for quantile, estimate in zip(quantiles, estimates, strict=True):
            real = float(np.quantile(on_time + reported, quantile) - np.quantile(on_time, quantile))
            yield _row(f"{name} on the request, p{100 * quantile:g}", real, estimate, BAR_SHARE * real)


def stream_rows(measurement: Measurement) -> Iterator[CalibrationRow]:
    """Return the rows of delays on events, and of events that are joined."""
    seed, paced = measurement.header.seed, of(measurement, "paced")
    first = median_of(over_on_time(paced, "late-first", first_token, EVENTS_ON_TIME), seed)
    yield _row("1 ms on the first event, time to first token p50", 1.0, first, BAR_MS)
    yield event_row(measurement)
    for name, truth in {"in-pairs": 1.0, EVENTS_ON_TIME: 0.0}.items():
        share = integrity(paced.good(name))["share_together"] or 0.0
        yield CalibrationRow(f"{name}: share of events read together", truth, share, None, None, BAR_SHARE, "share")


def event_row(measurement: Measurement) -> CalibrationRow:
    """Return the row of the delay on every event."""
    paced = of(measurement, "paced")
    late, on_time = pairs(lags(paced, "late-events"), lags(paced, EVENTS_ON_TIME))
    return _row("0.5 ms on every event, lag p50", 0.5, median_of(late - on_time, measurement.header.seed), BAR_MS)


def reported_delay(record: Record) -> float | None:
    """Return the delay that the relay reports, in milliseconds; 0 if it reports none."""
    return record.self_ms or 0.0


def of(measurement: Measurement, workload: str) -> Table:
    """Return the table of a workload's exchanges."""
    return Table(measurement.header.arms, [one for one in measurement.records if one.workload == workload])


def over_on_time(table: Table, arm: str, value: Value, on_time: str = ON_TIME) -> Floats:
    """Return what a relay adds to the relay on time, round by round."""
    measured, base = table.pairs(arm, on_time, value)
    return measured - base


def _row(what: str, truth: float, estimate: Estimate, bar: float) -> CalibrationRow:
    return CalibrationRow(what, truth, estimate.value, estimate.low, estimate.high, bar)


def markdown(found: Sequence[CalibrationRow]) -> list[str]:
    """Return the rows as a table."""
    lines = ["| | truth | measured | 95 % interval | may be off by | |", "|---|---|---|---|---|---|"]
    return [*lines, *(_line(row) for row in found)]


def _line(row: CalibrationRow) -> str:
    interval = "" if row.low is None else f"{row.low:.4f} … {row.high:.4f}"
    cells = [row.what, f"{row.truth:.4f} {row.unit}", f"{row.measured:.4f}", interval, f"{row.bar:.4f}"]
    return f"| {' | '.join([*cells, 'holds' if row.holds else '**off**'])} |"
