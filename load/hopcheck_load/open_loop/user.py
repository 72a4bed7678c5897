"""The run as Locust sees it: one user in each worker, and a profile that lasts as long as the plan.

Locust's own users ask again when they are answered (a closed loop), so a server that freezes is asked less while it
does, and hardly notices. This one has its timetable.
"""

from __future__ import annotations

import logging
import signal
import time
from pathlib import Path
from typing import Any

import gevent
from locust import LoadTestShape, User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from hopcheck_load.measurement.load_plan import DRAIN_S, LoadPlan
from hopcheck_load.open_loop import locust_statistics, options
from hopcheck_load.open_loop.generator import Generator, tell_on_stdout
from hopcheck_load.stats.histograms import Histograms, table
from hopcheck_server.wire.signals import raise_interrupt_on

FINISHED = "hopcheck_finished"
"""The message by which a worker says that it is done, with its histograms."""

HEADSTART_S = 0.5
"""From the start of the test to the beginning of the timetable: for workers to hear of it and to prepare."""

_log = logging.getLogger("hopcheck")


class LocustRun:
    """What is known of the run that is going on, in this process.

    Attributes:
        plan: What is done.
        workers: How many do it.
        finished: How many of them have.
        histograms: What they measured.
    """

    def __init__(self, plan: LoadPlan, workers: int) -> None:
        """It begins."""
        self.plan, self.workers = plan, workers
        self.finished = 0
        self.histograms = Histograms()

    def finish(self, encoded: dict[str, str]) -> None:
        """A worker is done."""
        self.finished += 1
        self.histograms.add(encoded)

    @property
    def over(self) -> bool:
        """Whether all are."""
        return self.finished >= self.workers


class _Now:
    """The run of this process; there is one at a time."""

    run: LocustRun | None = None


def _add_arguments(parser: Any) -> None:
    options.add_to(parser)


def _prepare(environment: Environment, **_: Any) -> None:
    locust_statistics.install()
    # Headless, with a LoadTestShape, Locust handles SIGTERM only at the end: it would die of it and lose all records.
    raise_interrupt_on(signal.SIGTERM)
    if isinstance(environment.runner, MasterRunner):

        def finished(environment: Environment, msg: Any, **_: Any) -> None:
            if _Now.run:
                _Now.run.finish(msg.data)

        environment.runner.register_message(FINISHED, finished)


def _begin(environment: Environment, **_: Any) -> None:
    runner, said = environment.runner, environment.parsed_options
    assert said is not None
    try:
        if not isinstance(runner, WorkerRunner):
            workers = runner.worker_count if isinstance(runner, MasterRunner) else 1
            options.share(said, workers, time.time() + HEADSTART_S)
        plan = options.plan_of(said, environment.host)
        if not isinstance(runner, WorkerRunner):
            options.load_scripts(said, plan)
    except (OSError, ValueError) as error:
        _log.error("%s", error)
        environment.process_exit_code = 2
        _Now.run = None
        return
    _Now.run = LocustRun(plan, said.hopcheck_workers)


def _report(environment: Environment, **_: Any) -> None:
    run, said = _Now.run, environment.parsed_options
    if run is None or said is None or isinstance(environment.runner, WorkerRunner):
        return
    if not run.histograms.names():
        _log.warning("the run was ended before its workers had told what they measured")
        return
    print("\n".join(table(run.histograms)), flush=True)
    if said.hopcheck_hdr:
        options.write_histograms(Path(said.hopcheck_hdr), run.histograms.encode())


class OpenLoop(User):
    """Lets this worker's part of the timetable go."""

    wait_time = constant(0)

    @task
    def arrivals(self) -> None:
        """Do it once, then wait for Locust to stop."""
        run, said, runner = _Now.run, self.environment.parsed_options, self.environment.runner
        if run is not None and said is not None:
            worker = max(0, getattr(runner, "worker_index", 0)) % run.workers
            folder = Path(said.hopcheck_raw) if said.hopcheck_raw else None
            generator = Generator(self.environment, run.plan, worker, run.workers, folder)
            left_s = max(0.0, said.hopcheck_begin_at - time.time())
            try:
                generator.run(time.monotonic_ns() + round(left_s * 1e9), tell_on_stdout if said.hopcheck_plan else None)
            finally:
                self._finish(run, generator.live.histograms.encode())
        gevent.event.Event().wait()

    def _finish(self, run: LocustRun, encoded: dict[str, str]) -> None:
        if isinstance(self.environment.runner, WorkerRunner):
            self.environment.runner.send_message(FINISHED, encoded)
        else:
            run.finish(encoded)


class UntilThePlanIsDone(LoadTestShape):
    """One user in each worker, as long as it takes. Rates are the plan's: Locust's users don't make them."""

    def tick(self) -> tuple[int, float] | None:
        """How many users there should be, or None when it is over."""
        run, workers = _Now.run, getattr(self.runner, "worker_count", 1)
        run_time_s = time.perf_counter() - self.start_time
        begun = self.runner is not None and self.runner.user_count > 0
        if run is None:
            return None if begun or run_time_s > DRAIN_S else (workers, float(workers))
        late = run_time_s > run.plan.end_s + HEADSTART_S + 2 * DRAIN_S
        return None if begun and (run.over or late) else (run.workers, float(run.workers))


def install() -> None:
    """Take part in Locust's run."""
    events.init_command_line_parser.add_listener(_add_arguments)
    events.init.add_listener(_prepare)
    events.test_start.add_listener(_begin)
    events.test_stop.add_listener(_report)
