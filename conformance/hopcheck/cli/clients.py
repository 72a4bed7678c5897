"""Run real clients, Claude Code and Codex, through a proxy, and show what their users see when the provider fails."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck.cli.files import require_folders, write
from hopcheck.client.config import TargetConfig
from hopcheck.gate.backend import run_context
from hopcheck.gate.options import GateOptions
from hopcheck.gate.target_file import FILE_NAME, load_target
from hopcheck.gate.unfit import Unfit
from hopcheck.real_clients.catalogue import CLIENTS
from hopcheck.real_clients.client_report import client_document, document_text, print_results
from hopcheck.real_clients.client_runner import DEFAULT_JOBS, ClientRunner, ClientToRun, ScenarioResult
from hopcheck.real_clients.installation import InstallationFailed, find_program, install
from hopcheck.real_clients.sealed_process import empty_home, run_sealed
from hopcheck.report.render.terminal import console_for
from hopcheck.report.settings_file import SettingsError
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event

VERSION_LIMIT_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("url", nargs="?", help="the proxy's base URL, with its /v1; instead of the target file's")
    parser.add_argument("--target", type=Path, metavar="FILE", help=f"the target file (default: {FILE_NAME})")
    parser.add_argument("--api-key-env", metavar="NAME", help="variable that holds the client's key")
    parser.add_argument("--upstream-port", type=int, metavar="PORT", help="where the target expects its provider")
    parser.add_argument("--upstream-url", metavar="URL", help="a running `hopcheck upstream` that the target talks to")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="may be given again (default: all)")
    parser.add_argument(
        "--model", action="append", metavar="NAME", help="ask for this one; may be given again (default: the target's)"
    )
    parser.add_argument("--install", action="store_true", help="install the clients first (about 400 MB each)")
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, metavar="N", help="clients at once (default: 4)")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Run the clients, show the results, and write the report."""
    require_folders([arguments.json] if arguments.json else [])
    try:
        config = _target(arguments)
    except SettingsError as error:
        raise Stop(USAGE, str(error)) from None
    try:
        return run_loop(_run_clients(arguments, config))
    except (Unfit, InstallationFailed) as error:
        raise Stop(UNTESTABLE, str(error)) from None


def _target(arguments: argparse.Namespace) -> TargetConfig:
    there = Path(FILE_NAME) if Path(FILE_NAME).exists() else None
    names = ("api_key_env", "upstream_port", "upstream_url")
    overrides = {"base_url": arguments.url, **{name: getattr(arguments, name) for name in names}}
    return load_target(arguments.target or there, overrides, os.environ)


async def _run_clients(arguments: argparse.Namespace, config: TargetConfig) -> int:
    stopped = stop_event()
    programs = await _programs(arguments)
    console = console_for(sys.stdout)
    missing = _wanted(arguments) - programs.keys()
    skipped = {name: f"`{CLIENTS[name].command}` isn't installed; --install does that" for name in sorted(missing)}
    for name, reason in skipped.items():
        console.print(f"skipped {name}: {reason}")
    if not programs:
        raise Stop(UNTESTABLE, "no client could be run.")
    versions = {name: await _version(program) for name, program in programs.items()}
    clients = [
        ClientToRun(CLIENTS[name], program, model)
        for name, program in programs.items()
        for model in arguments.model or [_model(config, name)]
    ]
    async with run_context(GateOptions(config=config, cases=[])) as context:
        assert context.control is not None
        runner = ClientRunner(config, context.control, jobs=arguments.jobs)
        results = await runner.run(clients, stopped)
    print_results(results, console)
    if arguments.json:
        document = client_document(config.base_url, results, versions, skipped, partial=stopped.is_set())
        write(arguments.json, document_text(document))
    code = _conclude(results, versions, console)
    return INTERRUPTED if stopped.is_set() else code


def _wanted(arguments: argparse.Namespace) -> set[str]:
    return set(arguments.client or CLIENTS)


async def _programs(arguments: argparse.Namespace) -> dict[str, Path]:
    """The programs of the clients that are there, in a fixed order."""
    wanted = [client for name, client in CLIENTS.items() if name in _wanted(arguments)]
    if arguments.install:
        return dict(zip([one.name for one in wanted], await asyncio.gather(*map(install, wanted)), strict=True))
    found = {client.name: find_program(client) for client in wanted}
    return {name: program for name, program in found.items() if program is not None}


async def _version(program: Path) -> str:
    async with empty_home() as home:
        end = await run_sealed([str(program), "--version"], home, {}, VERSION_LIMIT_S)
    return end.stdout.strip() or "unknown"


def _model(config: TargetConfig, name: str) -> str:
    models = config.models
    own = getattr(models, CLIENTS[name].surface, None)
    return own or models.chat


def _conclude(results: list[ScenarioResult], versions: Mapping[str, str], console: Console) -> int:
    wrong = sum(not result.holds for result in results)
    who = ", ".join(f"{name} ({version})" for name, version in versions.items())
    console.print(f"\n{who}: {len(results) - wrong} of {len(results)} runs are right", soft_wrap=True)
    return DOES_NOT_HOLD if wrong else HOLDS
