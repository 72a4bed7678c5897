"""Rounds of exchanges at rest: one at a time, every arm once a round, in an order that is drawn anew each time.

The code blocks on purpose: nothing but the interpreter stands between the socket and the clock, and its garbage
collector is off meanwhile.
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep

from hopcheck_load.measurement.arm_connections import ArmConnections
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.workloads import Workload
from hopcheck_load.stats.warmup import MIN_ROUNDS, TIME_SHARE, Warmup, min_rounds_of
from hopcheck_server.exits import UNTESTABLE, Stop

MAX_JOURNAL_BYTES = 16 * 1024 * 1024
"""The upstream's journal is emptied before it holds much more than this of requests."""

MAX_JOURNAL_ROUNDS = 100
"""The journal is emptied at least this often."""

MAX_FAILURES_IN_A_ROW = 20
"""An arm that fails this often in a row ends the run."""

MAX_OVERTIME_S = 15.0
"""For this long at most, rounds are measured after the time is up so that there are as many as are needed."""


@dataclass(frozen=True, slots=True)
class RoundBudget:
    """How long one workload is measured.

    Attributes:
        rounds: The most rounds.
        until_s: When to stop (`time.monotonic`).
        min_rounds: The rounds that are measured even after that, within `MAX_OVERTIME_S`.
    """

    rounds: int
    until_s: float
    min_rounds: int = 10

    def allows(self, rounds: int) -> bool:
        """Whether another round may follow the first `rounds`."""
        late_s = monotonic() - self.until_s
        return rounds < self.rounds and late_s < (MAX_OVERTIME_S if rounds < self.min_rounds else 0)


@dataclass
class Rounds:
    """Measures rounds, and keeps their records.

    Attributes:
        connections: The arms.
        seed: The seed of the orders.
        pause_s: The pause before each exchange.
        records: What has been measured so far.
    """

    connections: ArmConnections
    seed: int
    pause_s: float = 0.0
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311 - nothing secret
        self._failures_in_a_row: Counter[str] = Counter()

    def measure(self, workload: Workload, budget: RoundBudget) -> Warmup:
        """Warm up, and measure rounds; what has been measured stays in `records` if a signal ends it.

        Raises:
            Stop: An arm fails all the time, takes so long that no round was measured, or doesn't ask the upstream.
        """
        first = len(self.records)
        self.connections.upstream.load(self.connections.timing.scripts(workload))
        warm = Warmup(minimum=min_rounds_of(workload), most=max(budget.rounds // 5, 30))
        begun = monotonic()
        warm_until_s = begun + (budget.until_s - begun) * TIME_SHARE
        warm_budget = RoundBudget(warm.most, warm_until_s, min(MIN_ROUNDS, warm.minimum))
        with garbage_collector_off():
            self._run(
                workload,
                lambda rounds: not warm.is_over(rounds, self.records) and warm_budget.allows(rounds),
                warmup=True,
            )
            if not self._run(workload, budget.allows):
                raise Stop(UNTESTABLE, f"warming up for {workload.name} took all of its time: no round was measured.")
        self._require_visits(self.records[first:])
        return warm

    def _require_visits(self, records: Sequence[Record]) -> None:
        """See that the upstream was asked: a hop that answers from elsewhere isn't slower or quicker than anything."""
        for arm in self.connections.arms:
            answered = [record for record in records if record.arm == arm.name and not record.failure]
            missed = sum(record.upstream is None for record in answered)
            if 2 * missed > len(answered):
                why = f"{arm.name} answered {missed} of {len(answered)} exchanges without asking the upstream."
                raise Stop(UNTESTABLE, why)

    def _run(self, workload: Workload, goes_on: Callable[[int], bool], *, warmup: bool = False) -> int:
        """Measure rounds while `goes_on(number of rounds)`, emptying the journal now and then; returns how many."""
        number, first = 0, len(self.records)
        between = self._rounds_between(workload)
        try:
            while goes_on(number):
                self._round(workload, number, warmup=warmup)
                number += 1
                if number % between == 0:
                    self.connections.collect(self.records[first:])
                    first = len(self.records)
        finally:
            self.connections.collect(self.records[first:])
        return number

    def _round(self, workload: Workload, number: int, *, warmup: bool) -> None:
        arms = self.connections.arms
        script = self.connections.timing.draw(workload)
        for place, arm in enumerate(self._draw.sample(arms, len(arms))):
            record = self.connections.new_record(workload, script, arm, number, place, warmup=warmup)
            self.records.append(record)
            if self.pause_s:
                sleep(self.pause_s)  # the pause that the user asked for: client, hop and upstream idle
            self.connections.exchange(workload, arm, record)
            self._count_failure(record)

    def _count_failure(self, record: Record) -> None:
        failures = self._failures_in_a_row
        failures[record.arm] = failures[record.arm] + 1 if record.failure else 0
        if failures[record.arm] >= MAX_FAILURES_IN_A_ROW:
            why = f"{record.arm} failed {MAX_FAILURES_IN_A_ROW} times in a row, at last with: {record.failure}."
            raise Stop(UNTESTABLE, why)

    def _rounds_between(self, workload: Workload) -> int:
        round_bytes = workload.max_body_bytes * len(self.connections.arms)
        return max(1, min(MAX_JOURNAL_ROUNDS, MAX_JOURNAL_BYTES // round_bytes))


@contextmanager
def garbage_collector_off() -> Iterator[None]:
    """Keep the garbage collector from running while the context lasts."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
