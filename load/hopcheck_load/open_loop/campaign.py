"""A run under load as the command makes it: Locust as a child process, the journal, the processes that are watched.

Locust patches the process that imports it, so this one doesn't.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hopcheck_load.measurement import load_plan as plans
from hopcheck_load.measurement.load_plan import DRAIN_S, LoadPlan
from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.usage import ProcessWatch
from hopcheck_load.open_loop import spool
from hopcheck_load.open_loop.upstream_times import UpstreamTimes
from hopcheck_server.chain.processes import ManagedProcess, ProcessError, ending, scrubbed_environment
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.upstream.control.client import ControlFailed, RemoteControl
from hopcheck_server.wire.signals import stop_event

Note = Callable[[str], None]

POLL_S = 0.25
LOOK_EVERY_S = 1.0
"""The processes are looked at so often."""

AFTER_S = 2.0
"""So long after the run, to see what memory they have given back."""

START_S = 60.0
"""Locust may take so long to start; with several processes on a busy machine it does take a while."""

GRACE_S = 8.0

LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"
TOLD = "hopcheck-progress "


@dataclass
class CampaignResult:
    """What a run came to.

    Attributes:
        records: All exchanges, in the order in which they were due.
        begin_ns: When the timetable began (CLOCK_MONOTONIC), or 0 if it never did.
        interrupted: Somebody stopped it.
        failure: Why it ended early by itself, or "".
    """

    records: list[Record] = field(default_factory=list)
    begin_ns: int = 0
    interrupted: bool = False
    failure: str = ""


def carry_out(plan: LoadPlan, upstream_url: str, processes: int, watch: ProcessWatch, note: Note) -> CampaignResult:
    """Do it; Ctrl-C and SIGTERM end it with what was learnt so far."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-load-") as folder:
        run = _Campaign(plan, upstream_url, processes, watch, note, Path(folder))
        return asyncio.run(run.carry_out())


def command(folder: Path, processes: int) -> list[str]:
    """The Locust process's command line."""
    told = ["--headless", "--only-summary", "--hopcheck-plan", str(folder / "plan.json"), "--hopcheck-raw", str(folder)]
    several = ["--processes", str(processes)] if processes > 1 else []
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *told, *several]


@dataclass
class _Campaign:
    plan: LoadPlan
    upstream_url: str
    processes: int
    watch: ProcessWatch
    note: Note
    folder: Path
    found: CampaignResult = field(default_factory=CampaignResult)

    async def carry_out(self) -> CampaignResult:
        control = RemoteControl(self.upstream_url)
        self.journal = UpstreamTimes(control, self.plan)
        self.stopped = stop_event()
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
        self.journal.join(self.found.records)
        if self.found.failure and not self.found.records:
            raise Stop(UNTESTABLE, self.found.failure)
        return self.found

    async def _run_locust(self) -> None:
        plans.write(self.plan, self.folder / "plan.json")
        self.watch.look()
        running = ManagedProcess.start(
            command(self.folder, self.processes),
            name="locust",
            log_file=self.folder / "locust.log",
            env=scrubbed_environment({"PYTHONUNBUFFERED": "1", "PYTHONPATH": _path()}),
            grace_s=GRACE_S,
        )
        async with running as locust:
            await locust.ready(lambda: self._begun(locust), timeout_s=START_S)
            await self._follow(locust)

    async def _begun(self, locust: ManagedProcess) -> bool | None:
        if self.stopped.is_set() or any("begin_ns" in told for told in _progress(locust.log_text())):
            return True
        return None

    async def _follow(self, locust: ManagedProcess) -> None:
        """Until it has ended, was stopped, or should have ended long ago."""
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        most_s = self.plan.end_s + START_S + 2 * DRAIN_S
        begun_at = loop.time()
        while locust.running and not self.stopped.is_set():
            at_s = self._tell(locust)
            await self.journal.fetch_due(at_s)
            if loop.time() - looked_at >= LOOK_EVERY_S:
                looked_at = loop.time()
                self.watch.look()
            if loop.time() - begun_at > most_s:
                raise locust.error("doesn't end")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), POLL_S)
        if not self.stopped.is_set() and await locust.wait() not in (0, 1):  # 1: some requests failed
            raise locust.error(ending(await locust.wait()))

    def _tell(self, locust: ManagedProcess) -> float:
        """Tell how far it has got; returns for how many seconds the timetable has been running."""
        latest: dict[int, dict[str, Any]] = {told["worker"]: told for told in _progress(locust.log_text())}
        if not latest:
            return 0.0
        self.found.begin_ns = min(told["begin_ns"] for told in latest.values())
        at_s = max(told["at_s"] for told in latest.values())
        counts = {name: sum(told[name] for told in latest.values()) for name in ("answered", "failed", "in_flight")}
        self.note(_sentence(self.plan, at_s, counts))
        return float(at_s)

    async def _finish(self) -> None:
        self.watch.look()
        await self.journal.fetch()
        if self.watch.watched and not self.stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), AFTER_S)
            self.watch.look()


def _sentence(plan: LoadPlan, at_s: float, counts: dict[str, int]) -> str:
    now = [stage.name for stage in plan.stages if stage.begin_s <= at_s < stage.end_s]
    failed = f", {counts['failed']:,} failed" if counts["failed"] else ""
    what = f"{counts['answered']:,} answered{failed}, {counts['in_flight']:,} in flight"
    return f"{min(max(at_s, 0.0), plan.end_s):.0f} of {plan.end_s:.0f} s, {', '.join(now) or 'draining'}: {what}"


def _progress(log: str) -> Iterator[dict[str, Any]]:
    """What Locust processes have told so far; of a line that isn't whole yet, nothing."""
    whole, _, _ = log.rpartition("\n")
    for line in whole.splitlines():
        _, found, text = line.partition(TOLD)
        if found:
            with suppress(ValueError):
                yield json.loads(text)


def _path() -> str:
    """Where a child finds what this process finds."""
    return ":".join(path for path in sys.path if path)
