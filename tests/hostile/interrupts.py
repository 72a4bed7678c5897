"""Interrupts at random moments of a gate on hostile targets: how long hopcheck itself holds them up.

`python -m tests.hostile.interrupts [MOMENTS]` prints it, in seconds of this thread's own processor time, so that a busy
machine changes nothing: the longest that the event loop (which notices the interrupt) did anything in one piece, and
the time from the interrupt to the written report.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import thread_time

from hopcheck.cli.gate import conclude
from hopcheck.client.config import TargetConfig
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.gate.unfit import Unfit
from hopcheck_server.wire.tasks import cancel
from tests.hostile.victims import KEY

BEHAVIOURS = (
    "a gzip bomb",
    "a gzip bomb in itself",
    "gzip of many members",
    "deep arrays",
    "a number of a million digits",
    "many objects",
    "many choices",
    "words for patterns",
    "long words of keys",
    "an error of a megabyte",
    "an event of 7 MB",
    "endless deltas",
    "endless data lines",
    "endless tool calls",
    "a drip of a body",
)
"""Those that give a reader work, and one that lets it wait."""

LATEST_S = 4.0
"""After the beginning of the cases, an interrupt comes within this time."""

FORMATS = ("json", "html", "junit", "markdown", "sarif")


@dataclass(frozen=True)
class Interrupted:
    """Attributes: held_up_s: the longest step of the event loop; report_s: from the interrupt to the written report."""

    held_up_s: float
    report_s: float
    is_reported: bool


@asynccontextmanager
async def _target(behaviour: str) -> AsyncIterator[str]:
    """A hostile target in a process of its own; yields its URL."""
    command = [sys.executable, "-m", "tests.hostile.targets", behaviour, "1"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.communicate()


class LongestStep:
    """Measures the longest step of the running event loop, in processor time."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def measure(self) -> None:
        """Look again and again, until it is cancelled."""
        last_s = thread_time()
        while True:
            await asyncio.sleep(0.001)  # a step of its own
            self.longest_s, last_s = max(self.longest_s, thread_time() - last_s), thread_time()


async def interrupted(behaviour: str, moment_s: float, folder: Path) -> Interrupted:
    """Interrupt a gate that long after its first case has begun."""
    files = {name: folder / f"report.{name}" for name in FORMATS}
    stopped, begun, step = asyncio.Event(), asyncio.Event(), LongestStep()
    async with _target(behaviour) as url:
        config = TargetConfig(name="t", base_url=url, api_key=KEY)
        options = GateOptions(config=config, cases=select(all_cases().values(), ()), one_sided=True, report_files=files)
        options = replace(options, deadline_s=60.0)
        measuring = asyncio.ensure_future(step.measure())
        judging = asyncio.ensure_future(gate(options, stopped, lambda *_: begun.set()))
        await asyncio.wait({judging, asyncio.ensure_future(begun.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({judging}, timeout=moment_s)
        stopped_s = thread_time()
        stopped.set()
        with suppress(Unfit):
            conclude(options, await judging)
        report_s = thread_time() - stopped_s
        await cancel([measuring])
    return Interrupted(step.longest_s, report_s, all(path.exists() for path in files.values()))


async def measured(moments: int) -> list[tuple[str, Interrupted]]:
    """Interrupt a gate on each target at as many moments, drawn from a seed."""
    draw, found = random.Random(1), []
    with tempfile.TemporaryDirectory() as folder:
        for behaviour in BEHAVIOURS:
            for _ in range(moments):
                one = await interrupted(behaviour, draw.uniform(0, LATEST_S), Path(folder))
                found.append((behaviour, one))
                print(f"{behaviour:30} {one.held_up_s:6.3f} s held up, {one.report_s:6.3f} s to the report", flush=True)
    return found


def main(moments: int) -> None:
    """Print the figures, and the largest of them."""
    found = [one for _, one in asyncio.run(measured(moments))]
    print(f"{len(found)} interrupts, {sum(one.is_reported for one in found)} with all reports")
    print(f"held up for {max(one.held_up_s for one in found):.3f} s at most, and ", end="")
    print(f"{max(one.report_s for one in found):.3f} s from the interrupt to the reports")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
