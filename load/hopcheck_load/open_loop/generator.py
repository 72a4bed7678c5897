"""One process's part of a run: takes its arrivals from the timetable, asks, and keeps what came of it."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns
from typing import Any

import gevent
from gevent.pool import Pool
from locust.env import Environment

from hopcheck_load.measurement.load_plan import DRAIN_S, LoadPlan
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.schedule import PlannedArrival, arrivals
from hopcheck_load.open_loop.dispatcher import Dispatcher
from hopcheck_load.open_loop.greenlet_timer import alarm
from hopcheck_load.open_loop.locust_statistics import LocustStatistics
from hopcheck_load.open_loop.requester import Requester
from hopcheck_load.open_loop.spool import Spool

TELL_EVERY_S = 1.0
TOLD = "hopcheck-progress "
"""What a line that tells how far a process has got begins with; JSON follows."""

_MOMENT_S = 1e-4
"""Long enough that gevent looks what has come; with 0 it only lets those run that are ready already."""

_YOUNG, _NEVER = 1_000, 1_000_000
"""Garbage is looked for among so many new objects, in a tenth of a millisecond, and not again among those that stayed:
a look through all records takes longer than most answers."""


class Generator:
    """Runs a plan, or a worker's part of it.

    Attributes:
        live: What Locust was told.
    """

    def __init__(
        self, environment: Environment, plan: LoadPlan, worker: int, workers: int, folder: Path | None
    ) -> None:
        """Prepare all of it: nothing is built any more once it runs."""
        self.live = LocustStatistics(environment, _give_way)
        self._plan, self._worker, self._workers = plan, worker, workers
        self._spool = Spool(folder, worker) if folder else None
        self._asker = Requester(plan, worker, self._done)
        self._alarm = alarm()
        self._pool = Pool()
        self._dispatcher = Dispatcher(monotonic_ns, self._alarm.wait_until, self._start, self._asker.refuse)

    def run(self, begin_ns: int, tell: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Do it, from that time on; comes back when all is answered, or `DRAIN_S` later."""
        telling = gevent.spawn(self._tell, begin_ns, tell) if tell else None
        with _seldom_collected():
            try:
                self._dispatcher.run(self._arrivals(), begin_ns)
                self._pool.join(timeout=DRAIN_S)
            finally:
                gevent.kill(telling) if telling else None
                self._end()

    def _arrivals(self) -> Any:
        plan = self._plan
        return arrivals(plan.stages, plan.arms, plan.arrivals, plan.seed, self._worker, self._workers)

    def _start(self, arrival: PlannedArrival, due_ns: int) -> None:
        self._pool.spawn(self._asker.ask, arrival, due_ns)

    def _done(self, record: Record) -> None:
        if record.dispatched_ns:
            self._dispatcher.in_flight -= 1
        if self._spool is not None:
            if record.timeline is not None:
                _give_way()
            self._spool.add(record)
        self.live.add(record)

    def _tell(self, begin_ns: int, tell: Callable[[dict[str, Any]], None]) -> None:
        while True:
            live, at_s = self.live, round((monotonic_ns() - begin_ns) / 1e9, 1)
            counts = {"answered": live.answered, "failed": live.failed, "in_flight": self._dispatcher.in_flight}
            tell({"worker": self._worker, "begin_ns": begin_ns, "at_s": at_s, **counts})
            gevent.sleep(TELL_EVERY_S)

    def _end(self) -> None:
        """Cut off what is unanswered, and close everything; all records are written then."""
        self._pool.kill()
        self._asker.close()
        self._alarm.close()
        if self._spool is not None:
            self._spool.close()


def _give_way() -> None:
    """Let others read what has come for them."""
    gevent.sleep(_MOMENT_S)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Keep the garbage collector from long looks meanwhile."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _NEVER, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def tell_on_stdout(counts: dict[str, Any]) -> None:
    """Tell whoever reads this process's output how far it has got."""
    print(TOLD + json.dumps(counts), flush=True)
