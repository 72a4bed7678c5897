"""When warming up is over: a rule, so that nobody chooses afterwards what counts.

At least a fixed number of rounds; then, until the latest rounds of every arm show no trend (the first half against the
second, Mann-Whitney), or there have been enough, or it has taken a quarter of the workload's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.workloads import Workload

TIME_SHARE = 0.25
LEVEL = 0.01
"""A trend less likely than this without there being one counts as one."""

AT_LEAST = 5
"""So many rounds, even if they take longer than that share of the time."""

EVERY = 5
"""The rule is asked after so many more rounds."""

_FEWEST = 5  # in a half; with less, the test says nothing


def minimum(workload: Workload) -> int:
    """With how many rounds a workload warms up at least: a paced stream alone is a long exchange."""
    if workload.pace_s:
        return 2
    return 10 if workload.stream or workload.prompt_tokens >= 10_000 else 30


@dataclass
class Warmup:
    """How it went.

    Attributes:
        minimum: Rounds at least.
        most: Rounds at most.
        rounds: How many there were.
        steady: Whether no arm showed a trend in the end; None if there were too few rounds to tell.
    """

    minimum: int
    most: int
    rounds: int = 0
    steady: bool | None = None
    _first: int = field(default=-1, repr=False)

    def enough(self, done: int, records: Sequence[Record]) -> bool:
        """Whether it is over after so many rounds; `records` ends with theirs."""
        if self._first < 0:
            self._first = len(records)
        self.rounds = done
        if done < self.minimum or ((done - self.minimum) % EVERY and done < self.most):
            return False
        self.steady = steady(latencies(records[self._first :]), self.minimum)
        return self.steady is not False or done >= self.most

    def document(self) -> dict[str, Any]:
        """For the report."""
        return {"rounds": self.rounds, "steady": self.steady}


def latencies(records: Sequence[Record]) -> dict[str, list[int]]:
    """Each arm's, in nanoseconds, in the order of the rounds."""
    found: dict[str, list[int]] = {}
    for record in records:
        if not record.failure:
            found.setdefault(record.arm, []).append(record.done_ns - record.sent_ns)
    return found


def steady(series: dict[str, list[int]], window: int) -> bool | None:
    """Whether the last `window` values of every arm have no trend; None if they are too few to tell."""
    if not series or window < 2 * _FEWEST or any(len(values) < window for values in series.values()):
        return None
    return all(_p(values[-window:]) >= LEVEL / len(series) for values in series.values())


def _p(values: Sequence[int]) -> float:
    from scipy import stats  # only now: half a second that `--help` and a mistake in the arguments need not take

    half = len(values) // 2
    tested = stats.mannwhitneyu(np.asarray(values[:half]), np.asarray(values[half:]))
    return float(tested.pvalue)
