"""A run under load: Locust as a child process, the upstream's journal, and the processes that are watched.

Locust patches the process that imports it, so this process doesn't.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hopcheck_load.export.metrics import MetricsSink, observe_all
from hopcheck_load.measurement import load_plan as plans
from hopcheck_load.measurement.load_plan import DRAIN_S, PROGRESS_PREFIX, LoadPlan
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.usage import ProcessWatch
from hopcheck_load.open_loop import spool
from hopcheck_load.open_loop.upstream_times import UpstreamTimes
from hopcheck_server.chain.processes import ManagedProcess, ProcessError, ending, free_port, scrubbed_environment
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.upstream.control.client import ControlFailed, RemoteControl
from hopcheck_server.wire.event_loop import stop_event

Note = Callable[[str], None]

POLL_S = 0.25
SAMPLE_PERIOD_S = 1.0
"""How often the processes' usage is sampled."""

LAST_SAMPLE_DELAY_S = 2.0
"""When the last sample is taken after the run: by then, memory has been given back."""

START_TIMEOUT_S = 60.0
"""Locust with several processes on a busy machine takes a while to start."""

GRACE_S = 8.0

LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"


@dataclass
class CampaignResult:
    """The records of a run, and how it ended.

    Attributes:
        records: All exchanges, in the order in which they were due.
        begin_ns: When the schedule began (CLOCK_MONOTONIC), or 0 if it never did.
        interrupted: Whether a signal ended it.
        failure: Why it ended early without a signal, or "".
    """

    records: list[Record] = field(default_factory=list)
    begin_ns: int = 0
    interrupted: bool = False
    failure: str = ""


def carry_out(
    plan: LoadPlan,
    upstream_url: str,
    processes: int,
    watch: ProcessWatch,
    note: Note,
    sinks: Sequence[MetricsSink] = (),
) -> CampaignResult:
    """Carry out a plan; after Ctrl-C or SIGTERM the result has what was measured until then.

    Args:
        plan: The plan.
        upstream_url: The upstream's URL.
        processes: How many Locust processes share the rate.
        watch: The processes whose usage is sampled.
        note: Is called with a sentence about the progress.
        sinks: Get all exchanges while the run goes on.
    """
    with tempfile.TemporaryDirectory(prefix="hopcheck-load-") as folder:
        run = _Campaign(plan, upstream_url, processes, watch, note, Path(folder), sinks)
        return asyncio.run(run.carry_out())


def command(folder: Path, processes: int) -> list[str]:
    """Return the command line of the Locust process."""
    plan_file = str(folder / "plan.json")
    options = ["--headless", "--only-summary", "--hopcheck-plan", plan_file, "--hopcheck-raw", str(folder)]
    several = ["--processes", str(processes), *_meeting_place()] if processes > 1 else []
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options, *several]


def _meeting_place() -> list[str]:
    """A port of this run for Locust's processes: its own default is one for the whole machine."""
    port = str(free_port())
    return ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]


@dataclass
class _Campaign:
    plan: LoadPlan
    upstream_url: str
    processes: int
    watch: ProcessWatch
    note: Note
    folder: Path
    sinks: Sequence[MetricsSink]
    found: CampaignResult = field(default_factory=CampaignResult)

    async def carry_out(self) -> CampaignResult:
        control = RemoteControl(self.upstream_url)
        self.times = UpstreamTimes(control, self.plan)
        self.stopped, self.written = stop_event(), spool.SpoolReader(self.folder)
        try:
            await control.load(self.plan.scripts())
            await self._run_locust()
            await self._finish()
        except ProcessError as error:
            self.found.failure = str(error)
        except ControlFailed as failed:
            self.found.failure = f"the upstream at {self.upstream_url} can't be asked: {failed}"
        finally:
            await control.aclose()
        self.found.interrupted = self.stopped.is_set()
        self.found.records = spool.read(self.folder)
        self.times.join(self.found.records)
        if self.found.failure and not self.found.records:
            raise Stop(UNTESTABLE, self.found.failure)
        return self.found

    async def _run_locust(self) -> None:
        plans.write(self.plan, self.folder / "plan.json")
        self.watch.sample()
        running = ManagedProcess.start(
            command(self.folder, self.processes),
            name="locust",
            log_file=self.folder / "locust.log",
            env=scrubbed_environment({"PYTHONUNBUFFERED": "1", "PYTHONPATH": _path()}),
            grace_s=GRACE_S,
        )
        async with running as locust:
            await locust.ready(lambda: self._begun(locust), timeout_s=START_TIMEOUT_S)
            await self._follow(locust)

    async def _begun(self, locust: ManagedProcess) -> bool | None:
        if self.stopped.is_set() or any(_progress_reports(locust.log_text())):
            return True
        return None

    async def _follow(self, locust: ManagedProcess) -> None:
        """Follow Locust until it has ended, was stopped, or is long overdue."""
        loop = asyncio.get_running_loop()
        sampled_at = begun_at = loop.time()
        timeout_s = self.plan.end_s + START_TIMEOUT_S + 2 * DRAIN_S
        while locust.running and not self.stopped.is_set():
            at_s = self._note_progress(locust)
            await self.times.fetch_if_due(at_s)
            self._export()
            if loop.time() - sampled_at >= SAMPLE_PERIOD_S:
                sampled_at = loop.time()
                self.watch.sample()
            if loop.time() - begun_at > timeout_s:
                raise locust.error("doesn't end")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), POLL_S)
        if not self.stopped.is_set() and await locust.wait() not in (0, 1):  # 1: some requests failed
            raise locust.error(ending(await locust.wait()))

    def _note_progress(self, locust: ManagedProcess) -> float:
        """Report the progress of all workers; returns for how many seconds the schedule has been running."""
        by_worker = {report["worker"]: report for report in _progress_reports(locust.log_text())}
        latest = list(by_worker.values())
        if not latest:
            return 0.0
        self.found.begin_ns = min(report["begin_ns"] for report in latest)
        at_s = max(report["at_s"] for report in latest)
        counts = {name: sum(report[name] for report in latest) for name in ("answered", "failed", "in_flight")}
        self.note(_sentence(self.plan, at_s, counts))
        return float(at_s)

    def _export(self) -> None:
        if self.sinks:
            observe_all(self.sinks, self.written.new())

    async def _finish(self) -> None:
        self._export()
        self.watch.sample()
        await self.times.fetch()
        if self.watch.watched and not self.stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), LAST_SAMPLE_DELAY_S)
            self.watch.sample()


def _sentence(plan: LoadPlan, at_s: float, counts: dict[str, int]) -> str:
    now = [stage.name for stage in plan.stages if stage.begin_s <= at_s < stage.end_s]
    failed = f", {counts['failed']:,} failed" if counts["failed"] else ""
    what = f"{counts['answered']:,} answered{failed}, {counts['in_flight']:,} in flight"
    return f"{min(max(at_s, 0.0), plan.end_s):.0f} of {plan.end_s:.0f} s, {', '.join(now) or 'draining'}: {what}"


def _progress_reports(log: str) -> Iterator[dict[str, Any]]:
    """Return the progress reports of the workers in Locust's log; a line that isn't complete yet is left out."""
    complete, _, _ = log.rpartition("\n")
    for line in complete.splitlines():
        _, found, text = line.partition(PROGRESS_PREFIX)
        if found:
            with suppress(ValueError):
                yield json.loads(text)


def _path() -> str:
    """Return a PYTHONPATH with which a child finds the modules that this process finds."""
    return ":".join(path for path in sys.path if path)
