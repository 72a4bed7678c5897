"""Send the reference proxy mixed traffic, with hang-ups, faults and slow readers; show whether it leaks or fails."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from hopcheck.cli.chain import UPSTREAM_COMMAND, StartupProgress, require_server
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, UNTESTABLE, Stop
from hopcheck.client.config import Models, TargetConfig
from hopcheck.report.render.terminal import console_for
from hopcheck.soak.requests import KINDS, scripts
from hopcheck.soak.run import Soak, SoakReport
from hopcheck_server.chain import serve_reference
from hopcheck_server.chain.listening import serve
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=30.0, metavar="N", help="how long (default: 30)")
    parser.add_argument("--rate", type=float, default=20.0, metavar="N", help="requests a second (default: 20)")
    parser.add_argument(
        "--warm-up", type=float, default=3.0, metavar="MINUTES", help="in which growth doesn't count (default: 3)"
    )
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="where the servers' logs go (default: a new one)")


def run(arguments: argparse.Namespace) -> int:
    require_server()
    work_dir = arguments.logs or Path(tempfile.mkdtemp(prefix="hopcheck-soak-"))
    work_dir.mkdir(parents=True, exist_ok=True)
    try:
        report = run_loop(_soaked(arguments, work_dir))
    except ProcessError as error:
        raise Stop(UNTESTABLE, str(error)) from None
    console = console_for(sys.stdout)
    show(report, console)
    complaints = report.complaints()
    for complaint in complaints:
        console.print(f"[red]{complaint}")
    return DOES_NOT_HOLD if complaints else HOLDS


async def _soaked(arguments: argparse.Namespace, work_dir: Path) -> SoakReport:
    """Start provider and proxy, and send traffic until the time is over or a signal comes."""
    async with AsyncExitStack() as exits:
        with StartupProgress(Console(stderr=True)) as tell:
            starting = serve(UPSTREAM_COMMAND, name="the upstream", log_file=work_dir / "upstream.log", progress=tell)
            upstream = await exits.enter_async_context(starting)
            serving = serve_reference(
                upstream.url,
                "sk-the-soak-s-upstream-key",
                log_file=work_dir / "reference.log",
                settings={"BACKEND": "openai", "LOG_LEVEL": "warning"},
                progress=tell,
            )
            proxy = await exits.enter_async_context(serving)
        control = RemoteControl(upstream.url)
        exits.push_async_callback(control.aclose)
        await control.load(scripts())
        config = TargetConfig(
            name="reference", base_url=proxy.base_url, api_key=proxy.key, models=Models(chat="fake-model")
        )
        assert proxy.process is not None
        soak = Soak(config, control, proxy.process.pid, arguments.warm_up * 60)
        await _until_signal(soak.run(arguments.rate, arguments.minutes * 60))
    return soak.report


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    stopped = asyncio.create_task(stop_event().wait())
    running = asyncio.create_task(work)
    await asyncio.wait({stopped, running}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def show(report: SoakReport, console: Console) -> None:
    """Print how the requests ended, and what the process held."""
    for kind in KINDS:
        ended = {how: number for (name, how), number in report.ended.items() if name == kind.name}
        shown = ", ".join(f"{number} x {how}" for how, number in sorted(ended.items()))
        console.print(f"{kind.name:>15}  {shown or 'none'}", highlight=False)
    samples = report.samples
    if not samples:
        return
    peak = max(one.memory_mb for one in samples)
    console.print(
        f"memory {samples[0].memory_mb:.1f} MB before, {peak:.1f} at most, {samples[-1].memory_mb:.1f} after "
        f"{samples[-1].at_s / 60:.1f} min; {_growth(report)}",
        highlight=False,
    )
    most = max(one.descriptors for one in samples)
    console.print(
        f"descriptors {samples[0].descriptors} before, {most} at most, {samples[-1].descriptors} after", highlight=False
    )


def _growth(report: SoakReport) -> str:
    if not report.measures_slope:
        return "too short for a statement about growth"
    return f"{report.slope_mb:+.2f} MB an hour after the warm-up"
