"""Kill LiteLLM behind the reference proxy, under traffic, start it again, and show what clients saw meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from hopcheck.cli.chain import UPSTREAM_COMMAND, StartupProgress, require_server
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, INTERRUPTED, UNTESTABLE, Stop
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.outage.timeline import OUTCOMES, SCRIPT, Timeline, traffic, warm, watch_health
from hopcheck.report.render.terminal import console_for
from hopcheck_server.chain import Served, Stack, serve_reference
from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import ProcessError, http_status
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event
from hopcheck_server.wire.tasks import unless

MODEL, CRITICAL = "fake-model", "backup-model"
WORDS = {
    "killed": "LiteLLM is killed",
    "unready": "the proxy says that it isn't ready",
    "started": "LiteLLM is started again",
    "back": "LiteLLM says that it is ready",
    "ready": "the proxy says that it is ready",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--litellm", default=DEFAULT_VERSION, metavar="VERSION", help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=20.0, metavar="N", help="requests a second (default: 20)")
    parser.add_argument("--down", type=float, default=5.0, metavar="S", help="seconds before LiteLLM is started again")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="where the servers' logs go (default: a new one)")


def run(arguments: argparse.Namespace) -> int:
    require_server()
    work_dir = arguments.logs or Path(tempfile.mkdtemp(prefix="hopcheck-outage-"))
    work_dir.mkdir(parents=True, exist_ok=True)
    try:
        timeline, is_complete = run_loop(_interruptible(arguments, work_dir))
    except ProcessError as error:
        raise Stop(UNTESTABLE, str(error)) from None
    console = console_for(sys.stdout)
    show(timeline, console)
    if not is_complete:
        console.print("interrupted: the outage wasn't seen to its end")
        return INTERRUPTED
    complaints = timeline.complaints()
    for complaint in complaints:
        console.print(f"[red]{complaint}")
    return DOES_NOT_HOLD if complaints else HOLDS


async def _interruptible(arguments: argparse.Namespace, work_dir: Path) -> tuple[Timeline, bool]:
    """What was seen, and whether it is all."""
    timeline = Timeline()
    seen = await unless(stop_event(), experiment(arguments, work_dir, timeline))
    return timeline, seen is not None


async def experiment(arguments: argparse.Namespace, work_dir: Path, timeline: Timeline) -> Timeline:
    """Start the chain, take LiteLLM away and bring it back, all under traffic; raises ProcessError.

    The timeline is filled as it goes on, and returned.
    """
    async with AsyncExitStack() as exits:
        with StartupProgress(Console(stderr=True)) as tell:
            chain = Stack.start(
                work_dir=work_dir,
                upstream_command=UPSTREAM_COMMAND,
                litellm_version=arguments.litellm,
                proxy=False,
                progress=tell,
            )
            stack = await exits.enter_async_context(chain)
            serving = serve_reference(
                stack.litellm.url,
                stack.litellm.master_key,
                log_file=work_dir / "reference.log",
                settings=direct_to(stack.upstream),
                progress=tell,
            )
            proxy = await exits.enter_async_context(serving)
        control = RemoteControl(stack.upstream.url)
        exits.push_async_callback(control.aclose)
        await control.load(SCRIPT)
        await _under_traffic(stack, proxy, arguments, timeline, exits)
        return timeline


def direct_to(upstream: Served) -> dict[str, str]:
    """The reference proxy's settings by which the upstream stands in for LiteLLM."""
    return {
        "DIRECT_FALLBACK_URL": upstream.base_url,
        "DIRECT_FALLBACK_API_KEY": "sk-the-stand-in-s-own-key",
        "DIRECT_FALLBACK_MODELS": CRITICAL,
    }


async def _under_traffic(
    stack: Stack, proxy: Served, arguments: argparse.Namespace, timeline: Timeline, exits: AsyncExitStack
) -> None:
    proxy_port, litellm_port = proxy.port, stack.litellm.port
    config = TargetConfig(
        name="reference",
        base_url=proxy.base_url,
        api_key=proxy.key,
        models=Models(chat=MODEL),
        declares=Declares(direct_fallback=CRITICAL),
    )
    await warm(config)
    timeline.begun = time.monotonic()
    stop = asyncio.Event()
    asking = asyncio.create_task(traffic(timeline, config, arguments.rate, stop))
    try:
        await asyncio.sleep(3)  # the quiet before
        os.kill(stack.litellm.pid, signal.SIGKILL)
        await stack.litellm.process.wait()
        timeline.mark("killed")
        seeing = asyncio.create_task(
            watch_health(timeline, lambda: http_status(proxy_port, "/health/ready"), {"unready": False, "ready": True})
        )
        await asyncio.sleep(arguments.down)  # the outage itself
        timeline.mark("started")
        coming = asyncio.create_task(
            watch_health(timeline, lambda: http_status(litellm_port, "/health/readiness"), {"back": True})
        )
        await exits.enter_async_context(stack.litellm.again())
        await asyncio.gather(coming, asyncio.wait_for(seeing, 30))
        await asyncio.sleep(3)  # the quiet after
    finally:
        stop.set()
        await asking


def show(timeline: Timeline, console: Console) -> None:
    """Print the timeline: how the requests of each stretch ended that nothing happened in, and what happened."""
    console.print(f"{'seconds':>9}{''.join(f'{name:>10}' for name in OUTCOMES)}{'longest':>11}")
    for first, last in _stretches(timeline):
        for event, at_s in timeline.events.items():
            if first <= at_s < first + 1:
                console.print(f"[bold]{at_s:>7.2f} s  {WORDS[event]}")
        sent = [one for one in timeline.asked if first <= one.at_s < last + 1]
        outcomes = Counter(one.outcome for one in sent)
        cells = "".join(f"{outcomes[name] or '·':>10}" for name in OUTCOMES)
        seconds = f"{first}" if first == last else f"{first}-{last}"
        console.print(f"{seconds:>9}{cells}{max((one.took_s for one in sent), default=0):>9.2f} s")
    _summarize(timeline, console)


def _stretches(timeline: Timeline) -> list[tuple[int, int]]:
    """First and last second of each stretch in which requests ended in the same ways, and nothing happened."""
    ways: dict[int, frozenset[str]] = {}
    for one in timeline.asked:
        ways[int(one.at_s)] = ways.get(int(one.at_s), frozenset()) | {one.outcome}
    happened = {int(at_s) for at_s in timeline.events.values()}
    stretches: list[tuple[int, int]] = []
    for second in sorted(ways):
        goes_on = second - 1 in ways and ways[second] == ways[second - 1] and not {second, second - 1} & happened
        first = stretches.pop()[0] if goes_on else second
        stretches.append((first, second))
    return stretches


def _summarize(timeline: Timeline, console: Console) -> None:
    for name, critical in ((MODEL, False), (f"{CRITICAL} (critical)", True)):
        outcomes = Counter(one.outcome for one in timeline.asked if one.critical is critical)
        shares = ", ".join(f"{outcomes[one]} {one}" for one in OUTCOMES if outcomes[one])
        console.print(f"{name}: {sum(outcomes.values())} requests, {shares}")
    for cause, effect in (("killed", "unready"), ("back", "ready")):
        lag_s = timeline.lag(cause, effect)
        if lag_s is not None:
            console.print(f"from {cause} to {effect}: {lag_s:.2f} s")
