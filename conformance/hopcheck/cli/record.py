"""Record LiteLLM's traffic: run the cases against the reference proxy, and save a cassette of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from rich.console import Console

from hopcheck.authoring.case import Case
from hopcheck.cassettes.recording.clients import ClientRecorder, ClientRecordingResult
from hopcheck.cassettes.recording.recorder import RecordingResult
from hopcheck.cassettes.recording.session import RecordingSession
from hopcheck.cassettes.store import LIVE_ONLY
from hopcheck.cli.case_arguments import add_provider, providers_of
from hopcheck.cli.chain import UPSTREAM_COMMAND, StartupProgress
from hopcheck.cli.exits import HOLDS, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck.cli.replay_arguments import reference
from hopcheck.client.operations import ANSWERED
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.unfit import Unfit
from hopcheck.report.render.progress import RunProgress
from hopcheck.report.render.terminal import console_for
from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event
from hopcheck_server.wire.pool import Origin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("--litellm", default=DEFAULT_VERSION, metavar="VERSION", help="default: %(default)s")
    parser.add_argument(
        "--exclude-newer", metavar="DATE", help="LiteLLM's dependencies as of that day, such as its release's"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where the cassettes go (default: cassettes/litellm-VERSION)"
    )
    parser.add_argument(
        "--select", action="append", default=[], metavar="GLOB", help="ids, such as 'stream.*'; may be given again"
    )
    add_provider(parser)
    other = parser.add_argument_group("any client of any server, instead of the cases")
    other.add_argument(
        "--between",
        nargs=2,
        metavar=("HERE", "SERVER"),
        help="listen at http://127.0.0.1:8080, say, and pass on to https://api.example.org, until interrupted",
    )
    other.add_argument("--name", default="session", help="the cassette's name (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.between:
        here, server = arguments.between
        return _between(here, server, arguments.out or Path("cassettes") / arguments.name, arguments.name)
    folder = arguments.out or Path("cassettes") / f"litellm-{arguments.litellm}"
    return record(folder, arguments.litellm, arguments.exclude_newer, chosen(arguments.select, arguments.provider))


def chosen(patterns: Sequence[str] = (), providers: Sequence[str] = ()) -> dict[str, Sequence[Case]]:
    """The cases to record, by the provider whose models they ask; "" for the target's own.

    Args:
        patterns: Ids of cases; none takes all.
        providers: Names, or `all`; none takes the target's own models.

    Raises:
        Stop: There is no such case, or no such provider.
    """
    config = reference()
    names = providers_of(providers, config)
    cases = [case for case in select(all_cases().values(), patterns) if not names or case.operation in ANSWERED]
    options = GateOptions(config=config, cases=cases, providers=names)
    if not options.selected:
        raise Stop(USAGE, "no case matches; `hopcheck cases` lists them all.")
    return {name: options.cases_on(name) for name in names or [""]}


def record(folder: Path, litellm: str, exclude_newer: str | None, cases: Mapping[str, Sequence[Case]]) -> int:
    """Run cases against the reference proxy in front of LiteLLM, and save a cassette of each in a folder.

    Args:
        folder: Where the cassettes go.
        litellm: The version of LiteLLM that is recorded.
        exclude_newer: LiteLLM's dependencies as of that day; None takes those that are pinned, or today's.
        cases: See `chosen`.

    Returns:
        The exit code: 0, or 130 if somebody stopped it.

    Raises:
        Stop: It can't be done.
    """
    try:
        recorded, finished = run_loop(_record(cases, folder, litellm, exclude_newer))
    except (ProcessError, Unfit) as error:
        raise Stop(UNTESTABLE, str(error)) from None
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    _show(recorded, folder, console_for(sys.stdout))
    return HOLDS if finished else INTERRUPTED


async def _record(
    cases: Mapping[str, Sequence[Case]], folder: Path, litellm: str, exclude_newer: str | None
) -> tuple[RecordingResult, bool]:
    count = sum(map(len, cases.values()))
    with StartupProgress(Console(stderr=True)) as tell, RunProgress(console_for(sys.stderr), count) as progress:
        session = RecordingSession(
            cases=cases,
            folder=folder,
            upstream_command=UPSTREAM_COMMAND,
            litellm=litellm,
            exclude_newer=exclude_newer,
            progress=tell,
            began=progress.began,
            ended=lambda verdict: progress.ended(verdict.key, verdict.outcome),
        )
        return await session.run(stop_event())


def _between(here: str, server: str, folder: Path, name: str) -> int:
    at = _address(here)
    _address(server)
    listening = ClientRecorder(at.hostname or "", at.port if at.port is not None else 80, server, folder, name)

    async def listen() -> ClientRecordingResult:
        def ready(url: str) -> None:
            print(f"recording {url} -> {server}; Ctrl-C ends it.", flush=True)

        return await listening.until(stop_event(), ready)

    try:
        result = run_loop(listen())
    except OSError as error:
        raise Stop(USAGE, f"{error.strerror or error}: listen elsewhere, or name another folder with --out.") from None
    for one in result.left_out:
        print(f"left out {one}")
    print(f"saved {', '.join(map(str, result.saved)) or 'nothing'}")
    return HOLDS


def _address(url: str) -> SplitResult:
    """Read the address of a server.

    Raises:
        Stop: It is none, or has a path.
    """
    try:
        path = Origin.of(url).prefix
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    if path:
        raise Stop(USAGE, f"{url}: give the address without the path {path}; clients name paths themselves.")
    return urlsplit(url)


def _show(recorded: RecordingResult, folder: Path, console: Console) -> None:
    for case, why in recorded.live_only.items():
        console.print(f"live-only {case}: {why}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{len(recorded.saved)} cassettes in {folder}, {len(recorded.live_only)} in {LIVE_ONLY}", highlight=False
    )
