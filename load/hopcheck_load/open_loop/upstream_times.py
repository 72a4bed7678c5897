"""The upstream's times of a run under load: fetched a few times while it goes on, and joined to the records afterwards.

The upstream keeps the latest few thousand requests, and handing them over holds it up for milliseconds. So they are
fetched where a stage ends, and more often only if large requests would fill its memory: of a long stage, only the
latest requests are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hopcheck_load.measurement.arm_connections import join_visits
from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import LOAD_WORKLOADS
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.schedule import rate_of
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Times

MAX_JOURNAL_BYTES = 64_000_000
"""The requests that may pile up in the journal before they are fetched."""

JOURNAL_REQUESTS = 5_000
"""How many requests the upstream keeps."""

SETTLE_S = 0.3
"""The time after a stage's end for its last responses."""


class UpstreamTimes:
    """Fetches times from the upstream's journal, and keeps them."""

    def __init__(self, control: Control, plan: LoadPlan) -> None:
        """Fetch nothing yet."""
        self._control = control
        self._scripts = list(plan.scripts())
        self._times: list[Times] = []
        self._left_s = list(fetch_times_s(plan))

    async def fetch_if_due(self, at_s: float) -> None:
        """Fetch if it is time; `at_s` is how long the run has been going on."""
        if self._left_s and at_s >= self._left_s[0]:
            self._left_s = [one for one in self._left_s if one > at_s]
            await self.fetch()

    async def fetch(self) -> None:
        """Take all times of this run's scripts out of the journal."""
        for script in self._scripts:
            self._times += await self._control.take(script)

    def join(self, records: Sequence[Record]) -> None:
        """Put the times into the records with the same markers."""
        join_visits(records, self._times)


def fetch_times_s(plan: LoadPlan) -> Iterator[float]:
    """Return when to fetch, in seconds from the beginning of the run."""
    begin_s = 0.0
    for end_s in sorted({stage.end_s for stage in plan.stages}):
        between_s = _between_fetches_s(plan, begin_s, end_s)
        at_s = begin_s + between_s
        while at_s < end_s:
            yield at_s
            at_s += between_s
        yield end_s + SETTLE_S
        begin_s = end_s


def _between_fetches_s(plan: LoadPlan, begin_s: float, end_s: float) -> float:
    bytes_a_second = sum(
        rate_of(stage, arm) * LOAD_WORKLOADS[stage.workload].max_body_bytes
        for stage in plan.stages
        if stage.begin_s < end_s and stage.end_s > begin_s
        for arm in plan.arms
    )
    largest = max(LOAD_WORKLOADS[stage.workload].max_body_bytes for stage in plan.stages)
    if largest * JOURNAL_REQUESTS <= MAX_JOURNAL_BYTES or not bytes_a_second:
        return end_s - begin_s or 1.0
    return max(1.0, MAX_JOURNAL_BYTES / bytes_a_second)
