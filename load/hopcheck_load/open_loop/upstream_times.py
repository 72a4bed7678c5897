"""What the upstream saw of a run under load: fetched while it goes on, seldom, and put into the records afterwards.

The upstream keeps the latest few thousand requests, and handing them over holds it up for milliseconds. So they are
fetched where a stage ends, and in between only if large requests would pile up: of a long stage the latest are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import LOAD_WORKLOADS
from hopcheck_load.measurement.records import Record, UpstreamVisit
from hopcheck_load.measurement.schedule import rate_of
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Times

KEPT_BYTES = 64_000_000
"""Of requests, before they are fetched."""

KEPT_MARKERS = 5_000
"""So many the upstream keeps."""

SETTLE_S = 0.3
"""After a stage's end, for its last answers."""


class UpstreamTimes:
    """What was fetched."""

    def __init__(self, control: Control, plan: LoadPlan) -> None:
        """Nothing yet."""
        self._control = control
        self._scripts = list(plan.scripts())
        self._seen: dict[str, list[Times]] = {}
        self._left = list(times(plan))

    async def fetch_due(self, at_s: float) -> None:
        """Fetch, if it is time: `at_s` is how long the run has been going on."""
        if self._left and at_s >= self._left[0]:
            self._left = [one for one in self._left if one > at_s]
            await self.fetch()

    async def fetch(self) -> None:
        """Fetch what there is."""
        for script in self._scripts:
            for one in await self._control.take(script):
                self._seen.setdefault(one.marker, []).append(one)

    def join(self, records: Sequence[Record]) -> None:
        """Put it into the records of those exchanges."""
        for record in records:
            attempts = self._seen.get(record.marker)
            if attempts:
                record.upstream = seen(attempts)


def seen(attempts: Sequence[Times]) -> UpstreamVisit:
    """What is kept of an exchange's attempts."""
    last = attempts[-1]
    return UpstreamVisit(len(attempts), last.received_ns, last.head_sent_ns, last.first_sent_ns, last.last_sent_ns)


def times(plan: LoadPlan) -> Iterator[float]:
    """When to fetch, in seconds from the beginning."""
    ends = sorted({stage.end_s for stage in plan.stages})
    begin = 0.0
    for end in ends:
        every = _every(plan, begin, end)
        at = begin + every
        while at < end:
            yield at
            at += every
        yield end + SETTLE_S
        begin = end


def _every(plan: LoadPlan, begin_s: float, end_s: float) -> float:
    """How long requests may pile up between two times."""
    bytes_a_second = sum(
        rate_of(stage, arm) * len(LOAD_WORKLOADS[stage.workload].body(arm.model, ""))
        for stage in plan.stages
        if stage.begin_s < end_s and stage.end_s > begin_s
        for arm in plan.arms
    )
    largest = max(len(LOAD_WORKLOADS[stage.workload].body("", "")) for stage in plan.stages)
    if largest * KEPT_MARKERS <= KEPT_BYTES or not bytes_a_second:
        return end_s - begin_s or 1.0
    return max(1.0, KEPT_BYTES / bytes_a_second)
