"""The same known delays, measured by hopcheck, by plain Locust and by wrk: a table.

The others ask back to back, each alone; what they say through the relay on time is taken off, quantile by quantile.
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
from tools.calibrate.measurements import DISTRIBUTIONS, KEY, CalibrationResult, tell
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
    """A line of the table, in milliseconds; None where a tool has nothing to say.

    Attributes:
        what: In words.
        truth: None if nobody knows it.
        cells: By hopcheck, Locust and wrk.
        note: What the last two are instead, if they are something else.
    """

    what: str
    truth: float | None
    cells: tuple[float | None, ...]
    note: str = ""


@dataclass(frozen=True)
class Others:
    """What Locust and wrk said: of each relay, and of the upstream itself."""

    chats: dict[str, list[Quantiles]]
    streams: dict[str, list[Quantiles]]

    def added(self, name: str, quantile: float) -> tuple[float | None, ...]:
        """A quantile through a relay, less that through the one on time."""
        of, on_time = (self.chats, ON_TIME) if name in self.chats else (self.streams, EVENTS_ON_TIME)
        return tuple(_less(one, base, quantile) for one, base in zip(of[name], of[on_time], strict=True))


def _less(one: Quantiles, base: Quantiles, quantile: float) -> float | None:
    return one[quantile] - base[quantile] if one else None


def compare(found: CalibrationResult) -> list[ComparisonRow]:
    """Ask the other tools, and set beside it what hopcheck has found; takes two minutes."""
    with UpstreamProcess() as provider, relays(provider.url) as url:
        said = _others(provider, url)
    ours = [*rows.constant_rows(found.paused, (1.0,)), *rows.distribution_rows(found.paused, quantiles=SHOWN)]
    direct = float(np.median(rows.of(found.control, "chat").known(DIRECT, latency)))
    return [*table([*ours, rows.event_row(found.events)], said, direct), freeze_line(*frozen_figures(FREEZE_S))]


def _others(provider: UpstreamProcess, url: str) -> Others:
    chats = {name: f"{url}/{name}/v1" for name in (ON_TIME, *HOPS)} | {DIRECT: f"{provider.url}/v1"}
    streams = {name: f"{url}/{name}/v1" for name in (EVENTS_ON_TIME, "late-events")}
    return Others(_ask(provider, "chat", chats), _ask(provider, "paced", streams))


def _ask(provider: UpstreamProcess, name: str, places: dict[str, str]) -> dict[str, list[Quantiles]]:
    request = body(provider, name)
    return {place: _with_both(LoadRequest(url=url, body=request, key=KEY), place) for place, url in places.items()}


def body(provider: UpstreamProcess, name: str) -> bytes:
    """A workload's request; the upstream is told how to answer it, at once."""
    workload, timing = WORKLOADS[name], Timing(0.0, 0)
    provider.load(timing.scripts(workload))
    return workload.body("fake-model", marker_text(timing.draw(workload), workload.operation, "others", 0))


def _with_both(asked: LoadRequest, name: str) -> list[Quantiles]:
    both: dict[str, Callable[[LoadRequest], Quantiles | None]] = {
        "Locust": load_generators.locust,
        "wrk": load_generators.wrk,
    }
    found = []
    for tool, ask in both.items():
        tell(f"{name} with {tool}")
        found.append(ask(asked) or {})
    return found


def table(ours: list[CalibrationRow], said: Others, direct_ms: float) -> Iterator[ComparisonRow]:
    """The lines of delays: `ours` are a constant, two quantiles of each distribution, and that of events."""
    asked = [("late-1ms", 0.5), *((name, quantile) for name in DISTRIBUTIONS for quantile in SHOWN)]
    for row, (name, quantile) in zip(ours, asked, strict=False):
        yield ComparisonRow(row.what, row.truth, (row.measured, *said.added(name, quantile)))
    events = ours[-1]
    yield ComparisonRow(events.what, events.truth, (events.measured, *said.added("late-events", 0.5)), "whole stream ")
    yield ComparisonRow("the upstream itself, p50", None, (direct_ms, *(one.get(0.5) for one in said.chats[DIRECT])))


def frozen_figures(seconds: float, rate: float = FREEZE_RATE) -> tuple[Quantiles, Quantiles, Quantiles]:
    """What a server that freezes looks like: in an open loop, to plain Locust, and to wrk (empty if there is none)."""
    with hosted("the frozen server", "tools.calibrate.frozen_server") as url:
        asked = LoadRequest(url=f"{url}/v1", body=b"{}", seconds=seconds, users=FREEZE_USERS)
        tell(f"a server that freezes, {seconds:g} s with each tool")
        closed = load_generators.locust(asked), load_generators.wrk(asked) or {}
        return load_generators.open_loop(asked, rate), *closed


def freeze_line(*figures: Quantiles) -> ComparisonRow:
    """The line of the frozen server."""
    what = f"frozen {frozen_server.FREEZE_S:g} s in every {frozen_server.PERIOD_S:g} s, p99"
    return ComparisonRow(what, frozen_server.truth_ms(0.99), tuple(one.get(0.99) for one in figures))


def markdown(lines: Sequence[ComparisonRow]) -> list[str]:
    """The table."""
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
