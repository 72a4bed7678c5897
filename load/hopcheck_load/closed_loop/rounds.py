"""The bench at rest: one exchange at a time, every arm once a round, in an order that is drawn anew each time.

Blocking code, on purpose: between the socket and the clock there is nothing but the interpreter, whose garbage
collector is off meanwhile. Knows neither statistics nor files.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection
from hopcheck_load.measurement.exchange import note, request
from hopcheck_load.measurement.records import Arm, Record, UpstreamVisit
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import Timing, Workload, markers
from hopcheck_load.stats import warmup
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.upstream.journal.attempt import Times
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

KEPT_BYTES = 16 * 1024 * 1024
"""About so many bytes of requests may pile up in the upstream's journal before it is emptied."""

ROUNDS_BETWEEN = 100
"""The journal is emptied at least this often, in rounds."""

FAILURES_IN_A_ROW = 20
"""An arm that fails so often in a row ends the run."""

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class RoundBudget:
    """How much is measured of one workload.

    Attributes:
        rounds: At most so many.
        until_s: Not beyond that time (`time.monotonic`).
        at_least: So many even then.
    """

    rounds: int
    until_s: float
    at_least: int = 10


@dataclass
class Rounds:
    """Arms on their connections, and what was measured on them.

    Attributes:
        arms: All, directly and through hops.
        provider: The upstream.
        timing: Its delays.
        seed: Orders and markers are drawn from it.
        prefix: What all markers of this run begin with, so that nobody has seen one before.
        pause_s: So long nothing is asked before each exchange.
        records: What was measured so far.
    """

    arms: Sequence[Arm]
    provider: UpstreamProcess
    timing: Timing
    seed: int
    prefix: str
    pause_s: float = 0.0
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311 - nothing secret
        self._lines = {arm.name: MeasuringConnection(Origin.of(arm.url)) for arm in self.arms}
        self._number = 0
        self._in_a_row = dict.fromkeys(self._lines, 0)

    def check(self, workload: Workload) -> None:
        """Ask through every arm once, and see that it arrives.

        Raises:
            Stop: An arm doesn't answer, or leads elsewhere; the text says which.
        """
        self.provider.load(self.timing.scripts(workload))
        for arm in self.arms:
            record = self._exchange(workload, arm, Record(workload.name, 0, arm.name, 0, self._marker(workload)))
            if record.failure:
                hint = " Should its URL end in /v1?" if record.status == _NOT_FOUND and "/v1" not in arm.url else ""
                raise Stop(UNTESTABLE, f"{arm.name} ({arm.url}) can't be measured: {record.failure}.{hint}")
            self._join([record], [self._script(record.marker)])
            if record.upstream is None:
                raise Stop(
                    UNTESTABLE,
                    f"{arm.name} ({arm.url}) answers, but not from the upstream at {self.provider.url}: stage its "
                    "provider there.",
                )

    def measure(self, workload: Workload, amount: RoundBudget) -> warmup.Warmup:
        """Warm up, and measure rounds; the records grow, also when it is interrupted."""
        self.provider.load(self.timing.scripts(workload))
        warm = warmup.Warmup(minimum=warmup.minimum(workload), most=max(amount.rounds // 5, 30))
        begun = monotonic()
        until_s = begun + (amount.until_s - begun) * warmup.TIME_SHARE
        least = min(warmup.AT_LEAST, warm.minimum)
        with quiet():
            self._run(workload, lambda done: not warm.enough(done, self.records) and _early(until_s, done, least))
            self._run(
                workload, lambda done: done < amount.rounds and _early(amount.until_s, done, amount.at_least), warm
            )
        return warm

    def _run(self, workload: Workload, go_on: Callable[[int], bool], after: warmup.Warmup | None = None) -> None:
        """Measure rounds while `go_on` says so; without `after`, they only warm up."""
        done, first = 0, len(self.records)
        every = self._rounds_between(workload)
        try:
            while go_on(done):
                self._round(workload, done, warming=after is None)
                done += 1
                if done % every == 0:
                    first = self._collect(first)
        finally:
            self._collect(first)

    def _collect(self, first: int) -> int:
        """Empty the upstream's journal into the records from that place on; returns where the next begin."""
        fresh = self.records[first:]
        self._join(fresh, sorted({self._script(record.marker) for record in fresh}))
        return len(self.records)

    def _round(self, workload: Workload, number: int, *, warming: bool) -> None:
        script = self.timing.draw(workload)
        order = self._draw.sample(self.arms, len(self.arms))
        for place, arm in enumerate(order):
            record = Record(workload.name, number, arm.name, place, self._marker(workload, script), warmup=warming)
            self.records.append(record)
            if self.pause_s:
                sleep(self.pause_s)  # the pause itself: all that take part have nothing to do
            self._exchange(workload, arm, record)
            self._count(arm, record)

    def _exchange(self, workload: Workload, arm: Arm, record: Record) -> Record:
        line = self._lines[arm.name]
        message = request(line.origin, arm, workload.body(arm.model, record.marker))
        before = line.opened
        try:
            line.connect()
            answer = line.ask(message)
        except ExchangeFailed as failed:
            record.failure = str(failed)
            return record
        finally:
            record.fresh = line.opened > before
        note(record, answer, stream=workload.stream)
        return record

    def _count(self, arm: Arm, record: Record) -> None:
        self._in_a_row[arm.name] = self._in_a_row[arm.name] + 1 if record.failure else 0
        if self._in_a_row[arm.name] >= FAILURES_IN_A_ROW:
            raise Stop(
                UNTESTABLE, f"{arm.name} failed {FAILURES_IN_A_ROW} times in a row, at last with: {record.failure}."
            )

    def _marker(self, workload: Workload, script: str | None = None) -> str:
        self._number += 1
        name = script or self.timing.name(workload, 0)
        return next(markers(name, workload.operation, self.prefix, self._number))

    @staticmethod
    def _script(marker: str) -> str:
        return Marker.parse(marker).script

    def _join(self, records: Sequence[Record], scripts: Sequence[str]) -> None:
        """Put what the upstream saw of exchanges into their records."""
        seen: dict[str, list[Times]] = {}
        for times in self.provider.take(scripts):
            seen.setdefault(times.marker, []).append(times)
        for record in records:
            attempts = seen.get(record.marker)
            if attempts:
                last = attempts[-1]
                record.upstream = UpstreamVisit(
                    len(attempts), last.received_ns, last.head_sent_ns, last.first_sent_ns, last.last_sent_ns
                )

    def _rounds_between(self, workload: Workload) -> int:
        size = len(workload.body("", "")) * len(self.arms)
        return max(1, min(ROUNDS_BETWEEN, KEPT_BYTES // size))

    def close(self) -> None:
        """Close the connections."""
        for line in self._lines.values():
            line.close()


def _early(until_s: float, done: int, at_least: int) -> bool:
    return done < at_least or monotonic() < until_s


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector from running meanwhile."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
