"""What the gate takes, and the order that it makes of it: read, checked, and every mistake in it told."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcheck.authoring.areas import AREAS, GROUPS
from hopcheck.authoring.registry import Case
from hopcheck.cli import fuzz_arguments as fuzzing
from hopcheck.cli import replay_arguments as replaying
from hopcheck.cli.case_arguments import add_case_folder
from hopcheck.cli.exits import USAGE, Stop
from hopcheck.cli.files import require_folders
from hopcheck.client.config import TargetConfig
from hopcheck.engine.run import DEFAULT_READ_TIMEOUT_S
from hopcheck.fuzz.fuzz_cases import all_fuzz_cases
from hopcheck.gate import run as gating
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.preflight import READ_TIMEOUT_S
from hopcheck.gate.target_file import FILE_NAME as TARGET_FILE
from hopcheck.gate.target_file import load_target
from hopcheck.gate.toml_tables import SettingsError
from hopcheck.report.baseline import FILE_NAME as BASELINE_FILE
from hopcheck.report.baseline import Baseline, load_baseline
from hopcheck.report.build import report_text
from hopcheck.report.render.html import html_text
from hopcheck.report.render.junit import junit_text
from hopcheck.report.render.markdown import markdown_text

if TYPE_CHECKING:
    from hopcheck.replay.offline import CassetteFolder

NOTHING_LISTED = Baseline("")

RENDERINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json": report_text,
    "junit": junit_text,
    "markdown": markdown_text,
    "html": html_text,
}
"""Flag: what makes the file's text of a report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument(
        "url", nargs="?", help="the proxy's base URL, with its /v1; instead of base_url in the target file"
    )
    target = parser.add_argument_group("target")
    target.add_argument(
        "--target", type=Path, metavar="FILE", help=f"the target file (default: {TARGET_FILE}, if it is there)"
    )
    target.add_argument("--api-key-env", metavar="NAME", help="variable that holds the client's key")
    target.add_argument("--upstream-port", type=int, metavar="PORT", help="where the target expects its provider")
    target.add_argument("--upstream-url", metavar="URL", help="a running `hopcheck upstream` that the target talks to")
    target.add_argument("--model", metavar="NAME", help="the chat model that healthy requests name")
    target.add_argument("--one-sided", action="store_true", help="judge the client's side alone")
    replaying.add_arguments(target)
    which = parser.add_argument_group("cases")
    which.add_argument(
        "--profile", action="append", default=[], choices=[*GROUPS, *AREAS], metavar="AREA", help="may be given again"
    )
    which.add_argument(
        "--select", action="append", default=[], metavar="GLOB", help="ids, such as 'stream.*'; may be given again"
    )
    add_case_folder(which)
    how = parser.add_argument_group("run")
    how.add_argument("--jobs", type=int, default=8, metavar="N", help="cases at once (default: %(default)s)")
    how.add_argument("--strict", action="store_true", help="a SHOULD or MAY that doesn't hold fails, too")
    how.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    how.add_argument(
        "--read-timeout",
        type=float,
        default=DEFAULT_READ_TIMEOUT_S,
        metavar="S",
        help="silence that counts as hung (default: %(default)g s)",
    )
    how.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="wait so long for the target to listen (default: %(default)g)",
    )
    how.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help=f"known deviations, each with its reason (default: {BASELINE_FILE}, if it is there)",
    )
    how.add_argument("--write-baseline", type=Path, metavar="FILE", help="write what failed as known deviations")
    fuzzing.add_arguments(parser)
    output = parser.add_argument_group("reports")
    for kind in RENDERINGS:
        output.add_argument(f"--{kind}", type=Path, metavar="FILE")


@dataclass(frozen=True)
class Order:
    """What was asked for, read and checked."""

    plan: gating.Plan
    known: Mapping[str, Case]
    baseline: Baseline | None
    strict: bool
    files: Mapping[str, Path]
    previous: Baseline = NOTHING_LISTED
    cassettes: CassetteFolder | None = None
    own_proxy: bool = True


def read(arguments: argparse.Namespace) -> Order:
    """Read and check what was asked for.

    Raises:
        Stop: Something is wrong with it; the text has a sentence for each mistake.
    """
    if arguments.jobs < 1 or arguments.read_timeout <= 0:
        raise Stop(USAGE, "--jobs and --read-timeout must be greater than 0.")
    known = all_cases(arguments.cases)
    session = fuzzing.session_of(arguments)
    cases = [] if arguments.example else select(known.values(), arguments.select, arguments.profile)
    if not cases and not session:
        raise Stop(USAGE, "no case matches; `hopcheck cases` lists them all.")
    own_proxy = not replaying.wants_reference(arguments)
    try:
        config = _target(arguments) if own_proxy else replaying.reference()
        known_deviations = arguments.baseline or _there(BASELINE_FILE)
        baseline = load_baseline(known_deviations) if known_deviations else None
        if not own_proxy:
            baseline = baseline or replaying.known_of_reference(arguments.replay)
        previous = baseline or _previous(arguments.write_baseline)
    except SettingsError as error:
        raise Stop(USAGE, str(error)) from None
    plan = gating.Plan(
        config=config,
        cases=cases,
        session=session,
        jobs=arguments.jobs,
        fail_fast=arguments.fail_fast,
        one_sided=arguments.one_sided,
        read_timeout_s=arguments.read_timeout,
        preflight_timeout_s=min(arguments.read_timeout, READ_TIMEOUT_S),
        wait_s=arguments.wait,
    )
    files = {kind: path for kind in RENDERINGS if (path := getattr(arguments, kind))}
    require_folders(files.values())
    cassettes = replaying.cassettes_of(arguments, known, config) if arguments.replay else None
    known = {**known, **all_fuzz_cases()}
    return Order(plan, known, baseline, arguments.strict, files, previous, cassettes, own_proxy)


def _there(name: str) -> Path | None:
    """A file of that name in the working folder, if there is one."""
    return Path(name) if Path(name).exists() else None


def _previous(path: Path | None) -> Baseline:
    """The entries of a baseline that is written anew: those that are there keep their reasons."""
    return load_baseline(path) if path and path.exists() else Baseline(str(path))


def _target(arguments: argparse.Namespace) -> TargetConfig:
    path: Path | None = arguments.target or _there(TARGET_FILE)
    overrides = {
        "base_url": arguments.url,
        "api_key_env": arguments.api_key_env,
        "upstream_port": arguments.upstream_port,
        "upstream_url": arguments.upstream_url,
        "models.chat": arguments.model,
    }
    return load_target(path, overrides, os.environ)
