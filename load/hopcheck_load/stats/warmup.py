"""When warming up is over: a rule, so that nobody chooses afterwards which rounds count.

Warming up takes a fixed number of rounds at least. It goes on until the latest rounds of every arm show no trend (the
first half against the second, Mann-Whitney), until the most rounds, or for a quarter of the workload's time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.workloads import Workload

TIME_SHARE = 0.25
SIGNIFICANCE_LEVEL = 0.01

MIN_ROUNDS = 5
"""The rounds that warm up even if they take longer than that share of the time."""

ROUNDS_BETWEEN_TESTS = 5

TESTED_ROUNDS = 14
"""The rounds in which a trend can be found in the midst of the noise: seven against seven, for up to 17 arms."""


def min_rounds_of(workload: Workload) -> int:
    """Return the fewest rounds that warm a workload up: a paced stream alone is a long exchange."""
    if workload.pace_s:
        return 2
    return TESTED_ROUNDS if workload.stream or workload.prompt_tokens >= 10_000 else 30


@dataclass
class Warmup:
    """The warming up of one workload.

    Attributes:
        minimum: The fewest rounds.
        most: The most rounds.
        rounds: The rounds so far.
        steady: Whether no arm showed a trend in the end; None if there were too few rounds for the test.
    """

    minimum: int
    most: int
    rounds: int = 0
    steady: bool | None = None
    _first: int = field(default=-1, repr=False)

    def is_over(self, rounds: int, records: Sequence[Record]) -> bool:
        """Whether it is over after some rounds; `records` ends with theirs."""
        if self._first < 0:
            self._first = len(records)
        self.rounds = rounds
        if rounds < self.minimum or ((rounds - self.minimum) % ROUNDS_BETWEEN_TESTS and rounds < self.most):
            return False
        self.steady = is_steady(latencies_by_arm(records[self._first :]), self.minimum)
        return self.steady is not False or rounds >= self.most

    def document(self) -> dict[str, Any]:
        """Return its part of the report."""
        return {"rounds": self.rounds, "steady": self.steady}


def latencies_by_arm(records: Sequence[Record]) -> dict[str, list[int]]:
    """Return the latencies of each arm in nanoseconds, in the order of the rounds, without failures."""
    found: dict[str, list[int]] = {}
    for record in records:
        if not record.failure:
            found.setdefault(record.arm, []).append(record.done_ns - record.sent_ns)
    return found


def is_steady(series: dict[str, list[int]], window: int) -> bool | None:
    """Whether the last `window` values of every arm have no trend; None if they are too few for the test to fail."""
    if not can_fail(window, len(series)) or any(len(values) < window for values in series.values()):
        return None
    return all(_trend_p_value(values[-window:]) >= SIGNIFICANCE_LEVEL / len(series) for values in series.values())


def can_fail(window: int, arms: int) -> bool:
    """Whether the test finds the plainest trend: all values of the first half are higher than those of the second."""
    return arms > 0 and window > 1 and 2 / math.comb(window, window // 2) < SIGNIFICANCE_LEVEL / arms


def _trend_p_value(values: Sequence[int]) -> float:
    from scipy import stats  # imported late: it takes half a second, which `--help` and usage errors don't need

    half = len(values) // 2
    tested = stats.mannwhitneyu(np.asarray(values[:half]), np.asarray(values[half:]))
    return float(tested.pvalue)
