"""The same known delays, measured by hopcheck, by plain Locust and by wrk: a table.

Locust and wrk send requests back to back, each alone; their figures through the relay on time are subtracted, quantile
by quantile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import WORKLOADS, Timing, marker_text
from hopcheck_load.stats.table import latency
from tools.calibrate import frozen_server, load_generators, rows
from tools.calibrate.delays import EVENTS_ON_TIME, ON_TIME
from tools.calibrate.load_generators import LoadRequest, Quantiles
from tools.calibrate.measurements import DISTRIBUTIONS, KEY, CalibrationResult, note
from tools.calibrate.rows import CalibrationRow
from tools.calibrate.servers import hosted, relays

SHOWN = (0.5, 0.9)
HOPS = ("late-1ms", *DISTRIBUTIONS)
DIRECT = "direct"
FREEZE_S = 15.0
FREEZE_USERS = 10
FREEZE_RATE = 200.0
COLUMNS = ("", "truth, ms", "hopcheck", "plain Locust", "wrk")


@dataclass(frozen=True)
class ComparisonRow:
    """A row of the table, in milliseconds; None where a tool has no figure.

    Attributes:
        what: The name of the figure.
        truth: The true figure; None if it is unknown.
        cells: The figures of hopcheck, Locust and wrk.
        note: What the figures of the last two are, if they are of something else.
    """

    what: str
    truth: float | None
    cells: tuple[float | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Others:
    """The figures of Locust and wrk: for each relay, and for the upstream itself."""

    chats: dict[str, list[Quantiles]]
    streams: dict[str, list[Quantiles]]

    def added(self, name: str, quantile: float) -> tuple[float | None, ...]:
        """Return a quantile through a relay, minus that through the relay on time."""
        of, on_time = (self.chats, ON_TIME) if name in self.chats else (self.streams, EVENTS_ON_TIME)
        return tuple(_less(one, base, quantile) for one, base in zip(of[name], of[on_time], strict=True))


def _less(one: Quantiles, base: Quantiles, quantile: float) -> float | None:
    return one[quantile] - base[quantile] if one else None


def compare(found: CalibrationResult) -> list[ComparisonRow]:
    """Measure with Locust and wrk, and compare with hopcheck's figures; takes two minutes."""
    with UpstreamProcess() as upstream, relays(upstream.url) as url:
        theirs = _others(upstream, url)
    ours = [*rows.constant_rows(found.paused, (1.0,)), *rows.distribution_rows(found.paused, quantiles=SHOWN)]
    direct = float(np.median(rows.of(found.control, "chat").known(DIRECT, latency)))
    return [*table([*ours, rows.event_row(found.events)], theirs, direct), freeze_row(*frozen_figures(FREEZE_S))]


def _others(upstream: UpstreamProcess, url: str) -> Others:
    chats = {name: f"{url}/{name}/v1" for name in (ON_TIME, *HOPS)} | {DIRECT: f"{upstream.url}/v1"}
    streams = {name: f"{url}/{name}/v1" for name in (EVENTS_ON_TIME, "late-events")}
    return Others(_figures(upstream, "chat", chats), _figures(upstream, "paced", streams))


def _figures(upstream: UpstreamProcess, name: str, places: dict[str, str]) -> dict[str, list[Quantiles]]:
    request = body(upstream, name)
    return {place: _with_both(LoadRequest(url=url, body=request, key=KEY), place) for place, url in places.items()}


def body(upstream: UpstreamProcess, name: str) -> bytes:
    """Return the body of a workload's request, after loading its script into the upstream."""
    workload, timing = WORKLOADS[name], Timing(0.0, 0)
    upstream.load(timing.scripts(workload))
    return workload.body("fake-model", marker_text(timing.draw(workload), workload.operation, "others", 0))


def _with_both(asked: LoadRequest, name: str) -> list[Quantiles]:
    both: dict[str, Callable[[LoadRequest], Quantiles | None]] = {
        "Locust": load_generators.locust,
        "wrk": load_generators.wrk,
    }
    found = []
    for tool, measure in both.items():
        note(f"{name} with {tool}")
        found.append(measure(asked) or {})
    return found


def table(ours: list[CalibrationRow], theirs: Others, direct_ms: float) -> Iterator[ComparisonRow]:
    """Return the rows: `ours` are a constant, two quantiles of each distribution, and that of events."""
    figures = [("late-1ms", 0.5), *((name, quantile) for name in DISTRIBUTIONS for quantile in SHOWN)]
    for row, (name, quantile) in zip(ours, figures, strict=False):
        yield ComparisonRow(row.what, row.truth, (row.measured, *theirs.added(name, quantile)))
    events = ours[-1]
    yield ComparisonRow(
        events.what, events.truth, (events.measured, *theirs.added("late-events", 0.5)), "whole stream "
    )
    yield ComparisonRow("the upstream itself, p50", None, (direct_ms, *(one.get(0.5) for one in theirs.chats[DIRECT])))


def frozen_figures(seconds: float, rate: float = FREEZE_RATE) -> tuple[Quantiles, Quantiles, Quantiles]:
    """Return the figures of a server that freezes: by an open loop, by plain Locust, and by wrk (empty without wrk)."""
    with hosted("the frozen server", "tools.calibrate.frozen_server") as url:
        asked = LoadRequest(url=f"{url}/v1", body=b"{}", seconds=seconds, users=FREEZE_USERS)
        note(f"a server that freezes, {seconds:g} s with each tool")
        closed = load_generators.locust(asked), load_generators.wrk(asked) or {}
        return load_generators.open_loop(asked, rate), *closed


def freeze_row(*figures: Quantiles) -> ComparisonRow:
    """Return the row of the frozen server."""
    what = f"frozen {frozen_server.FREEZE_S:g} s in every {frozen_server.PERIOD_S:g} s, p99"
    return ComparisonRow(what, frozen_server.truth_ms(0.99), tuple(one.get(0.99) for one in figures))


def markdown(lines: Sequence[ComparisonRow]) -> list[str]:
    """Return the table's lines."""
    if any(line.cells[-1] is None for line in lines):
        print(load_generators.HOW_TO_GET_WRK, file=sys.stderr)
    header = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    return [*header, *map(_row, lines)]


def _row(line: ComparisonRow) -> str:
    ours, *others = line.cells
    cells = [line.what, _ms(line.truth), _ms(ours), *(_ms(one, line.note) for one in others)]
    return f"| {' | '.join(cells)} |"


def _ms(value: float | None, note: str = "") -> str:
    return "—" if value is None else f"{note}{value:.3f}" if value < 100 else f"{note}{value:.0f}"
