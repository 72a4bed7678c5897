"""One process's part of a run: its requests are sent by the schedule, and their records kept."""

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

from hopcheck_load.measurement.load_plan import DRAIN_S, PROGRESS_PREFIX, LoadPlan
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.schedule import PlannedArrival, arrivals
from hopcheck_load.open_loop.dispatcher import Dispatcher
from hopcheck_load.open_loop.greenlet_timer import greenlet_timer
from hopcheck_load.open_loop.locust_statistics import LocustStatistics
from hopcheck_load.open_loop.requester import Requester
from hopcheck_load.open_loop.spool import Spool

PROGRESS_PERIOD_S = 1.0

_YIELD_S = 1e-4
"""Long enough that gevent polls the sockets; with 0, only greenlets that are ready already run."""

_YOUNG_OBJECTS, _NEVER = 1_000, 1_000_000
"""The garbage collector runs over this number of new objects, in a tenth of a millisecond, and never over older ones: a
collection of all records takes longer than most responses."""


class Generator:
    """Runs a plan, or a worker's part of it.

    Attributes:
        statistics: What Locust shows.
    """

    def __init__(
        self, environment: Environment, plan: LoadPlan, worker: int, workers: int, folder: Path | None
    ) -> None:
        """Prepare everything: nothing is built any more once it runs."""
        self.statistics = LocustStatistics(environment, _hops(plan), _yield_to_others)
        self._plan, self._worker, self._workers = plan, worker, workers
        self._spool = Spool(folder, worker) if folder else None
        self._requester = Requester(plan, worker, self._done)
        self._timer = greenlet_timer()
        self._pool = Pool()
        self._dispatcher = Dispatcher(monotonic_ns, self._timer.wait_until, self._start, self._requester.refuse)

    def run(self, begin_ns: int, report: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Send all requests from that time on; returns when all are answered, at most `DRAIN_S` after the last one."""
        reporting = gevent.spawn(self._report_progress, begin_ns, report) if report else None
        with _short_collections():
            try:
                self._dispatcher.run(self._arrivals(), begin_ns)
                self._pool.join(timeout=DRAIN_S)
            except BaseException:
                self._requester.interrupted = True
                raise
            finally:
                gevent.kill(reporting) if reporting else None
                self._end()

    def _arrivals(self) -> Any:
        plan = self._plan
        return arrivals(plan.stages, plan.arms, plan.arrivals, plan.seed, self._worker, self._workers)

    def _start(self, arrival: PlannedArrival, due_ns: int) -> None:
        self._pool.spawn(self._requester.request, arrival, due_ns)

    def _done(self, record: Record) -> None:
        if record.dispatched_ns:
            self._dispatcher.in_flight -= 1
        if self._spool is not None:
            if record.timeline is not None:
                _yield_to_others()
            self._spool.add(record)
        self.statistics.add(record)

    def _report_progress(self, begin_ns: int, report: Callable[[dict[str, Any]], None]) -> None:
        shown = self.statistics
        while True:
            at_s = round((monotonic_ns() - begin_ns) / 1e9, 1)
            counts = {"answered": shown.answered, "failed": shown.failed, "in_flight": self._dispatcher.in_flight}
            if self._spool is not None:
                self._spool.flush()
            report({"worker": self._worker, "begin_ns": begin_ns, "at_s": at_s, **counts})
            gevent.sleep(PROGRESS_PERIOD_S)

    def _end(self) -> None:
        """Cut off the unanswered requests, and close everything; all records are written then."""
        self._pool.kill()
        self._requester.close()
        self._timer.close()
        if self._spool is not None:
            self._spool.close()


def _hops(plan: LoadPlan) -> list[str]:
    return [arm.name for arm in plan.arms if arm.kind == "hop"]


def _yield_to_others() -> None:
    """Let other greenlets read what has arrived for them."""
    gevent.sleep(_YIELD_S)


@contextmanager
def _short_collections() -> Iterator[None]:
    """Keep the garbage collector from long collections while the context lasts."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _NEVER, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def print_progress(report: dict[str, Any]) -> None:
    """Print a progress report for the command that reads this process's output."""
    print(PROGRESS_PREFIX + json.dumps(report), flush=True)
