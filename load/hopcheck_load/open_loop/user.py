"""The run as Locust sees it: one user in each worker, and a LoadTestShape that lasts as long as the plan.

Locust's own users send the next request when they have a response (a closed loop), so that a server that freezes gets
fewer requests meanwhile, and the freeze hardly shows. This user follows a schedule.
"""

from __future__ import annotations

import logging
import signal
import time
from pathlib import Path
from typing import Any

import gevent
from locust import LoadTestShape, User, constant, events, runners, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from hopcheck_load.measurement.load_plan import DRAIN_S, LoadPlan
from hopcheck_load.open_loop import locust_statistics, options
from hopcheck_load.open_loop.generator import Generator, print_progress
from hopcheck_load.stats.histograms import Histograms, table_lines
from hopcheck_server.wire.event_loop import raise_interrupt_on

FINISHED = "hopcheck_finished"
"""The message that a worker sends when it is done, with its histograms."""

HEADSTART_S = 0.5
"""From the start of the test to the beginning of the schedule: workers get the message and prepare meanwhile."""

MAX_SILENCE_S = 30
"""How long the master waits for a worker's sign of life. Locust's 3 s are too short for a worker on a full machine."""

_log = logging.getLogger("hopcheck")


class LocustRun:
    """The current run, as far as this process knows it.

    Attributes:
        plan: The plan.
        workers: How many workers carry it out.
        finished: How many of them are done.
        histograms: The merged histograms of those.
        begun: Whether this process has begun to send: a user that Locust starts again mustn't send everything twice.
    """

    def __init__(self, plan: LoadPlan, workers: int) -> None:
        """Begin without results."""
        self.plan, self.workers = plan, workers
        self.finished, self.begun = 0, False
        self.histograms = Histograms()

    def finish(self, encoded: dict[str, str]) -> None:
        """Add the histograms of a worker that is done."""
        self.finished += 1
        self.histograms.add(encoded)

    @property
    def is_over(self) -> bool:
        """Whether all workers are done."""
        return self.finished >= self.workers


class _CurrentRun:
    """Holds the run of this process; there is one at a time."""

    run: LocustRun | None = None


def _add_arguments(parser: Any) -> None:
    options.add_options(parser)


def _prepare(environment: Environment, **_: Any) -> None:
    locust_statistics.install()
    runners.HEARTBEAT_LIVENESS = MAX_SILENCE_S
    # Headless, with a LoadTestShape, Locust handles SIGTERM only at the end: it would die of it and lose all records.
    raise_interrupt_on(signal.SIGTERM)
    if isinstance(environment.runner, MasterRunner):

        def finished(environment: Environment, msg: Any, **_: Any) -> None:
            if _CurrentRun.run:
                _CurrentRun.run.finish(msg.data)

        environment.runner.register_message(FINISHED, finished)


def _begin(environment: Environment, **_: Any) -> None:
    runner, given = environment.runner, environment.parsed_options
    assert given is not None
    try:
        if not isinstance(runner, WorkerRunner):
            workers = runner.worker_count if isinstance(runner, MasterRunner) else 1
            options.add_shared_values(given, workers, time.time() + HEADSTART_S)
        plan = options.plan_of(given, environment.host)
        if not isinstance(runner, WorkerRunner):
            options.load_scripts(given, plan)
    except (OSError, ValueError) as error:
        _log.error("%s", error)
        environment.process_exit_code = 2
        _CurrentRun.run = None
        return
    _CurrentRun.run = LocustRun(plan, given.hopcheck_workers)


def _report(environment: Environment, **_: Any) -> None:
    run, given = _CurrentRun.run, environment.parsed_options
    if run is None or given is None or isinstance(environment.runner, WorkerRunner):
        return
    if not run.histograms.names():
        _log.warning("the run ended before its workers had sent what they measured")
        return
    print("\n".join(table_lines(run.histograms)), flush=True)
    if given.hopcheck_hdr:
        options.write_histograms(Path(given.hopcheck_hdr), run.histograms.encode())


class OpenLoop(User):
    """Sends this worker's part of the schedule."""

    wait_time = constant(0)

    @task
    def arrivals(self) -> None:
        """Send the requests once, then wait for Locust to stop."""
        run, given, runner = _CurrentRun.run, self.environment.parsed_options, self.environment.runner
        if run is not None and given is not None and not run.begun:
            run.begun = True
            worker = max(0, getattr(runner, "worker_index", 0)) % run.workers
            folder = Path(given.hopcheck_raw) if given.hopcheck_raw else None
            generator = Generator(self.environment, run.plan, worker, run.workers, folder)
            begin_ns = time.monotonic_ns() + round(max(0.0, given.hopcheck_begin_at - time.time()) * 1e9)
            try:
                generator.run(begin_ns, print_progress if given.hopcheck_plan else None)
            finally:
                self._finish(run, generator.statistics.histograms.encode())
        gevent.event.Event().wait()

    def _finish(self, run: LocustRun, encoded: dict[str, str]) -> None:
        if isinstance(self.environment.runner, WorkerRunner):
            self.environment.runner.send_message(FINISHED, encoded)
        else:
            run.finish(encoded)


class UntilThePlanIsDone(LoadTestShape):
    """Keeps one user in each worker until the plan is done. The rates are the plan's, not those of Locust's users."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be (and start a second), or None when the run is over."""
        run, workers = _CurrentRun.run, getattr(self.runner, "worker_count", 1)
        run_time_s = time.perf_counter() - self.start_time
        begun = self.runner is not None and self.runner.user_count > 0
        if run is None:
            return None if begun or run_time_s > DRAIN_S else (workers, float(workers))
        late = run_time_s > run.plan.end_s + HEADSTART_S + 2 * DRAIN_S
        return None if begun and (run.is_over or late) else (run.workers, float(run.workers))


def install() -> None:
    """Register the listeners with Locust."""
    events.init_command_line_parser.add_listener(_add_arguments)
    events.init.add_listener(_prepare)
    events.test_start.add_listener(_begin)
    events.test_stop.add_listener(_report)
