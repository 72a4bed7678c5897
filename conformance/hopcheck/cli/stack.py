"""Run the chain (upstream, LiteLLM, reference proxy) until interrupted, and say how to talk to it."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from hopcheck.cli.chain import UPSTREAM_COMMAND, StartupProgress, require_server
from hopcheck.cli.exits import HOLDS, UNTESTABLE, USAGE, Stop
from hopcheck_server.chain import Stack
from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--litellm", default=DEFAULT_VERSION, metavar="VERSION", help="default: %(default)s")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="where the servers' logs go (default: a new one)")
    parser.add_argument("--no-proxy", action="store_true", help="without the reference proxy")


def run(arguments: argparse.Namespace) -> int:
    require_server()
    work_dir = arguments.logs or Path(tempfile.mkdtemp(prefix="hopcheck-stack-"))
    work_dir.mkdir(parents=True, exist_ok=True)
    try:
        return run_loop(_serve(work_dir, arguments.litellm, proxy=not arguments.no_proxy))
    except ProcessError as error:
        raise Stop(UNTESTABLE, str(error)) from None
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None


async def _serve(work_dir: Path, version: str, *, proxy: bool) -> int:
    stopped = asyncio.create_task(stop_event().wait())
    running = asyncio.create_task(_run_chain(work_dir, version, proxy=proxy))
    await asyncio.wait({stopped, running}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not running.done():
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return HOLDS
    return running.result()


async def _run_chain(work_dir: Path, version: str, *, proxy: bool) -> int:
    async with AsyncExitStack() as running:
        with StartupProgress(Console(stderr=True)) as tell:
            chain = Stack.start(
                work_dir=work_dir,
                upstream_command=UPSTREAM_COMMAND,
                litellm_version=version,
                proxy=proxy,
                progress=tell,
            )
            stack = await running.enter_async_context(chain)
        print(stack.describe(), f"\nlogs: {work_dir}\nCtrl-C ends it.", sep="\n", flush=True)
        await stack.watch()
    return HOLDS
