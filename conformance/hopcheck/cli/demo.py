"""The whole story on this machine, nothing configured: a real LiteLLM and the reference proxy, judged side by side."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from hopcheck.cli.chain import UPSTREAM_COMMAND, StartupProgress, require_server, while_it_runs
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck.cli.files import write
from hopcheck.cli.gate import conclude, watching
from hopcheck.client.config import TargetConfig
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import DEFAULT_JOBS, GateOptions
from hopcheck.gate.run import gate
from hopcheck.gate.target_file import packaged_target
from hopcheck.gate.unfit import Unfit
from hopcheck.report.baseline import load_baseline
from hopcheck.report.compare import compare, print_comparison
from hopcheck.report.render.html import html_text
from hopcheck.report.render.progress import RunProgress
from hopcheck.report.render.provider_view import provider_lines
from hopcheck.report.render.terminal import console_for, print_report
from hopcheck_server.chain import Stack
from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event

HOPS = "load.txt"
"""What the measurement printed."""

PROVIDERS = "providers"
"""The name of the reports about LiteLLM with each provider behind it."""

TRANSLATED = "translation.*"
"""The cases that are asked with each of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", type=Path, default=Path("hopcheck-demo"), metavar="FOLDER", help="default: %(default)s"
    )
    parser.add_argument("--litellm", default=DEFAULT_VERSION, metavar="VERSION", help="default: %(default)s")
    parser.add_argument(
        "--jobs", type=int, default=DEFAULT_JOBS, metavar="N", help="cases at once (default: %(default)s)"
    )


@dataclass(frozen=True)
class TargetRun:
    """One target's run: its report, and whether somebody stopped it."""

    document: dict[str, Any]
    interrupted: bool


@dataclass(frozen=True, kw_only=True)
class Judging:
    """A target that is to be judged.

    Attributes:
        target: The target.
        name: That of its reports.
        patterns: The cases; empty asks all.
        providers: Those whose models are asked; empty asks the target's own models.
    """

    target: TargetConfig
    name: str
    patterns: Sequence[str] = ()
    providers: Sequence[str] = ()


def run(arguments: argparse.Namespace) -> int:
    require_server()
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        judged = run_loop(_judge_both(arguments))
    except (ProcessError, Unfit) as error:
        raise Stop(UNTESTABLE, str(error)) from None
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    return _show(judged, arguments.output)


async def _judge_both(arguments: argparse.Namespace) -> list[TargetRun]:
    stopped = stop_event()
    console = Console(stderr=True, highlight=False)
    async with AsyncExitStack() as running:
        with StartupProgress(console) as tell:
            starting = asyncio.ensure_future(running.enter_async_context(_chain(arguments, tell)))
            stopping = asyncio.ensure_future(stopped.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not starting.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                return []
            stack = starting.result()
        return await while_it_runs(stack, _work(stack, arguments, stopped, console), stopped)


async def _work(
    stack: Stack, arguments: argparse.Namespace, stopped: asyncio.Event, console: Console
) -> list[TargetRun]:
    judged: list[TargetRun] = []
    for judging in _judgings(stack):
        if not stopped.is_set():
            behind = f" with {len(judging.providers)} providers behind it" if judging.providers else ""
            console.print(f"judging {judging.target.name} at {judging.target.base_url}{behind}")
            judged.append(await _judge(judging, arguments, stopped))
    if not stopped.is_set():
        console.print("measuring what each hop adds")
        await _measure(stack, arguments.output, stopped)
    return judged


def _chain(arguments: argparse.Namespace, tell: StartupProgress) -> Any:
    return Stack.start(
        work_dir=arguments.output,
        upstream_command=UPSTREAM_COMMAND,
        litellm_version=arguments.litellm,
        progress=tell,
    )


def _judgings(stack: Stack) -> list[Judging]:
    assert stack.proxy is not None
    assert stack.proxy.process is not None
    litellm = _target("litellm", stack.litellm.base_url, stack.litellm.master_key, stack.litellm.log_file, stack)
    reference = _target("reference", stack.proxy.base_url, stack.proxy.key, stack.proxy.process.log_file, stack)
    return [
        Judging(target=litellm, name=litellm.name),
        Judging(target=reference, name=reference.name),
        Judging(target=litellm, name=PROVIDERS, patterns=[TRANSLATED], providers=[*litellm.providers]),
    ]


def _target(name: str, base_url: str, key: str, log_file: Path, stack: Stack) -> TargetConfig:
    urls = {"base_url": base_url, "upstream_url": stack.upstream.url}
    return packaged_target(name, key, {**urls, "log_file": str(log_file.absolute())})


async def _judge(judging: Judging, arguments: argparse.Namespace, stopped: asyncio.Event) -> TargetRun:
    with as_file(files("hopcheck.gate") / "targets" / judging.target.name / "baseline.toml") as path:
        baseline = load_baseline(path)
    options = GateOptions(
        config=judging.target,
        cases=select(all_cases().values(), judging.patterns),
        jobs=arguments.jobs,
        providers=judging.providers,
        unfiltered=not judging.patterns,
        baseline=baseline,
        report_files={kind: arguments.output / f"{judging.name}.{kind}" for kind in ("json", "html")},
    )
    with RunProgress(console_for(sys.stderr), options.selected) as progress:
        result = await gate(options, stopped, watching(progress))
    return TargetRun(conclude(options, result)[0], result.interrupted)


async def _measure(stack: Stack, output: Path, stopped: asyncio.Event) -> None:
    """Measure both hops for a few seconds, in a process of its own; what it prints is kept for the end."""
    assert stack.proxy is not None
    keys = {"HOPCHECK_LITELLM_KEY": stack.litellm.master_key, "HOPCHECK_REFERENCE_KEY": stack.proxy.key}
    words = [f"litellm={stack.litellm.base_url},HOPCHECK_LITELLM_KEY", "--quick"]
    words += ["--through", f"reference+litellm={stack.proxy.base_url},HOPCHECK_REFERENCE_KEY"]
    words += ["--upstream-url", stack.upstream.url, "--html", str(output / "load.html")]
    with (output / HOPS).open("wb") as printed:
        measuring = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hopcheck", "load", *words),
            env={**os.environ, **keys},
            stdout=printed,
            stderr=asyncio.subprocess.STDOUT,
        )
    done, stopping = asyncio.ensure_future(measuring.wait()), asyncio.ensure_future(stopped.wait())
    await asyncio.wait({done, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not done.done():
        measuring.terminate()
    await done


def _show(judged: list[TargetRun], output: Path) -> int:
    console = console_for(sys.stdout)
    for one in judged[:2]:
        console.rule(one.document["target"]["name"])
        print_report(one.document, console)
    if len(judged) < 3 or any(one.interrupted for one in judged):
        return INTERRUPTED
    first, second, providers = (one.document for one in judged)
    console.rule("side by side")
    print_comparison(compare(first, second), console)
    console.rule("LiteLLM's translations, by the provider behind it")
    for line in provider_lines(providers):
        console.print(Text(line))
    _show_hops(output / HOPS, console)
    page = output / "index.html"
    write(page, html_text(second, other=first))
    pages = [page, *(output / name for name in ("litellm.html", "reference.html", f"{PROVIDERS}.html", "load.html"))]
    console.print(f"\nreports: {', '.join(str(one) for one in pages if one.exists())}", soft_wrap=True)
    return HOLDS if all(one.document["summary"]["exit"] == 0 for one in judged) else DOES_NOT_HOLD


def _show_hops(printed: Path, console: Console) -> None:
    console.rule("what each hop adds")
    console.print(Text(printed.read_text(encoding="utf-8", errors="replace").strip()), soft_wrap=True)
