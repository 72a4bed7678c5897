"""Measure delays that are known, and print truth beside measurement: `python -m hopcheck_load.calibrate`.

Every delay is measured in the same rounds as the relay that it hangs on, and what that relay itself costs is taken off
exchange by exchange. A row is within its bar, or it isn't, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hopcheck_contracts.exits import DOES_NOT_HOLD, HOLDS
from hopcheck_load import delays, machine
from hopcheck_load.delivery import integrity, lags, pairs
from hopcheck_load.provider import Provider
from hopcheck_load.records import Arm, Measurement, Record
from hopcheck_load.run import Plan, measure
from hopcheck_load.statistics import Estimate, Floats, difference_of, median_of
from hopcheck_load.table import Table, Value, latency, outside_first
from hopcheck_load.workloads import WORKLOADS
from hopcheck_server.relay import RelayConfig
from hopcheck_server.stack import serve

BAR_MS = 0.05
BAR_SHARE = 0.05
CONTROL_MS = 0.005
CONTROL_WIDTH_MS = 0.010


@dataclass(frozen=True)
class Row:
    """One truth, and what was measured.

    Attributes:
        what: In words.
        truth: In `unit`.
        measured: In `unit`.
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
        """Whether it is within its bar."""
        return abs(self.measured - self.truth) <= self.bar


def chat_rows(measurement: Measurement) -> Iterator[Row]:
    """Delays on the request, and the control."""
    seed, table = measurement.header.seed, _table(measurement, "chat")
    yield from _control(table, seed)
    for delay in delays.CONSTANTS_MS:
        name = f"late-{delay:g}ms"
        real = float(np.median(table.known(name, _told_delay)))
        estimate = median_of(_over_base(table, name, latency), seed)
        bar = max(BAR_MS, BAR_SHARE * real) if delay > 1 else BAR_MS
        yield _row(f"constant {delay:g} ms on the request, p50", real, estimate, bar)
    for name in ("exponential", "bimodal"):
        yield from _distribution(table, name, seed)


def _distribution(table: Table, name: str, seed: int) -> Iterator[Row]:
    """Quantiles: what the relay's own times would have been if each had been late by the delay that was told."""
    measured, base = table.pairs(name, "base", latency)
    told, _ = table.pairs(name, "base", _told_delay)
    for quantile in (0.5, 0.75, 0.9):
        real = float(np.quantile(base + told, quantile) - np.quantile(base, quantile))
        estimate = difference_of(measured, base, (quantile,), seed)[0]
        yield _row(f"{name} on the request, p{100 * quantile:g}", real, estimate, BAR_SHARE * real)


def _told_delay(record: Record) -> float | None:
    """What the relay was late by; 0 for one that tells nothing."""
    return record.self_ms or 0.0


def _control(table: Table, seed: int) -> Iterator[Row]:
    first, second = table.pairs("control", "direct", latency)
    estimate = median_of(first - second, seed)
    yield _row("direct against direct, p50", 0.0, estimate, CONTROL_MS)
    if estimate.low is not None and estimate.high is not None:
        width = estimate.high - estimate.low
        yield Row("direct against direct, width of the interval", 0.0, width, None, None, CONTROL_WIDTH_MS)


def stream_rows(measurement: Measurement) -> Iterator[Row]:
    """Delays on events, and events that are joined."""
    seed, paced = measurement.header.seed, _table(measurement, "paced")
    first = median_of(_over_base(paced, "late-first", outside_first), seed)
    yield _row("1 ms on the first event, time to first token p50", 1.0, first, BAR_MS)
    late, base = pairs(lags(paced, "late-events"), lags(paced, "base"))
    yield _row("0.5 ms on every event, lag p50", 0.5, median_of(late - base, seed), BAR_MS)
    for name, truth in {"in-pairs": 1.0, "base": 0.0}.items():
        share = integrity(paced.good(name))["share_together"] or 0.0
        yield Row(f"{name}: share of events read together", truth, share, None, None, BAR_SHARE, "share")


def _table(measurement: Measurement, workload: str) -> Table:
    return Table(measurement.header.arms, [one for one in measurement.records if one.workload == workload])


def _over_base(table: Table, arm: str, value: Value) -> Floats:
    measured, base = table.pairs(arm, "base", value)
    return measured - base


def _row(what: str, truth: float, estimate: Estimate, bar: float) -> Row:
    return Row(what, truth, estimate.value, estimate.low, estimate.high, bar)


@contextmanager
def relays(upstream_url: str) -> Iterator[str]:
    """Run the relays of `delays` in a process of their own; yields where they are, without their names."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder, asyncio.Runner() as runner:
        running = AsyncExitStack()
        command = [sys.executable, "-m", "hopcheck_load.delays", "--upstream", f"{upstream_url}/v1"]
        serving = serve(command, name="the relays", log_file=Path(folder) / "relays.log")
        try:
            yield runner.run(running.enter_async_context(serving)).url
        finally:
            runner.run(running.aclose())


def plans(url: str, rounds: int) -> tuple[Plan, Plan]:
    """What is measured: delays on requests, and delays on events."""
    key = RelayConfig(upstream="").client_keys[0]
    on_requests = ["base", *(f"late-{delay:g}ms" for delay in delays.CONSTANTS_MS), "exponential", "bimodal"]
    on_events = ["base", "late-first", "late-events", "in-pairs"]

    def plan(names: Sequence[str], **amounts: int) -> Plan:
        hops = [Arm(name, "hop", f"{url}/{name}/v1", "fake-model", key) for name in names]
        workloads = [replace(WORKLOADS[name], rounds=number) for name, number in amounts.items()]
        return Plan(hops=hops, workloads=workloads, command="python -m hopcheck_load.calibrate")

    return plan(on_requests, chat=rounds), plan(on_events, paced=max(3, rounds // 60))


def calibrate(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure; returns the rows, and what it was measured on."""
    with Provider() as provider, relays(provider.url) as url:
        requests, events = (measure(plan, provider, _tell).measurement for plan in plans(url, rounds))
    return [*chat_rows(requests), *stream_rows(events)], requests.header.machine


def _tell(doing: str) -> None:
    print(f"measuring {doing}", file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck_load.calibrate", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1500, help="of the requests (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON, too")
    arguments = parser.parse_args(argv)
    found, where = calibrate(arguments.rounds)
    print(f"{where['processor']}, {where['processors']} processors, {where['system']}, Python {where['python']}\n")
    print("\n".join(markdown(found)))
    for complaint in machine.complaints(where):
        print(f"\na busy machine: {complaint}")
    if arguments.json:
        said = {"machine": where, "rows": [{**asdict(row), "holds": row.holds} for row in found]}
        arguments.json.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return HOLDS if all(row.holds for row in found) else DOES_NOT_HOLD


def markdown(found: Sequence[Row]) -> list[str]:
    """The rows as a table."""
    lines = ["| | truth | measured | 95 % interval | may be off by | |", "|---|---|---|---|---|---|"]
    return [*lines, *(_line(row) for row in found)]


def _line(row: Row) -> str:
    interval = "" if row.low is None else f"{row.low:.4f} … {row.high:.4f}"
    cells = [row.what, f"{row.truth:.4f} {row.unit}", f"{row.measured:.4f}", interval, f"{row.bar:.4f}"]
    return f"| {' | '.join([*cells, 'holds' if row.holds else '**off**'])} |"


if __name__ == "__main__":
    sys.exit(main())
