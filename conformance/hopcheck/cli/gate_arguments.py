"""The arguments of `hopcheck gate`, and the gate options that they stand for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hopcheck.authoring.areas import AREAS, GROUPS
from hopcheck.authoring.case import Case
from hopcheck.cli import fuzz_arguments as fuzzing
from hopcheck.cli import replay_arguments as replaying
from hopcheck.cli.case_arguments import add_case_folder, add_provider, providers_of
from hopcheck.cli.exits import USAGE, Stop
from hopcheck.cli.files import require_folders
from hopcheck.client.config import TargetConfig
from hopcheck.client.operations import ANSWERED, OPERATIONS
from hopcheck.engine.context import DEFAULT_READ_TIMEOUT_S
from hopcheck.fuzz.fuzz_cases import all_fuzz_cases
from hopcheck.gate.bounds import DEADLINE_S
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import DEFAULT_JOBS, GateOptions
from hopcheck.gate.target_file import FILE_NAME as TARGET_FILE
from hopcheck.gate.target_file import load_target
from hopcheck.report.baseline import FILE_NAME as BASELINE_FILE
from hopcheck.report.baseline import Baseline, load_baseline
from hopcheck.report.build import report_text
from hopcheck.report.client_profiles.profile import all_profiles, cases_of
from hopcheck.report.render.html import html_text
from hopcheck.report.render.junit import junit_text
from hopcheck.report.render.markdown import markdown_text
from hopcheck.report.render.sarif import sarif_text
from hopcheck.report.settings_file import SettingsError

FILTERS = ("select", "profile", "operations", "client", "example", "replay")  # with these, not everything is asked
RENDERINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json": report_text,
    "junit": junit_text,
    "markdown": markdown_text,
    "html": html_text,
    "sarif": sarif_text,
}
"""Flag: what makes the file's text of a report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments, in groups."""
    parser.add_argument(
        "url", nargs="?", help="the proxy's base URL, with its /v1; instead of base_url in the target file"
    )
    target = parser.add_argument_group("target")
    _add_target(target)
    replaying.add_arguments(target)
    _add_cases(parser.add_argument_group("cases"))
    how = parser.add_argument_group("run")
    _add_run(how)
    _add_times(how)
    _add_baseline(how)
    fuzzing.add_arguments(parser)
    output = parser.add_argument_group("reports")
    for kind in RENDERINGS:
        output.add_argument(f"--{kind}", type=Path, metavar="FILE")


def _add_target(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--target", type=Path, metavar="FILE", help=f"the target file (default: {TARGET_FILE}, if it is there)"
    )
    group.add_argument("--api-key-env", metavar="NAME", help="variable that holds the client's key")
    group.add_argument("--upstream-port", type=int, metavar="PORT", help="where the target expects its provider")
    group.add_argument("--upstream-url", metavar="URL", help="a running `hopcheck upstream` that the target talks to")
    group.add_argument("--model", metavar="NAME", help="the chat model that healthy requests name")
    group.add_argument("--one-sided", action="store_true", help="judge the client's side alone")


def _add_cases(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--profile", action="append", default=[], choices=[*GROUPS, *AREAS], metavar="AREA", help="may be given again"
    )
    group.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="GLOB",
        help="ids, such as 'stream.*' or 'errors.shape[chat.stream]'; may be given again",
    )
    group.add_argument(
        "--operations",
        type=_operation_names,
        default=[],
        metavar="NAMES",
        help=f"only on these operations, separated by commas: {', '.join(OPERATIONS)}",
    )
    add_provider(group)
    group.add_argument(
        "--client",
        action="append",
        default=[],
        choices=[*all_profiles(), "all"],
        metavar="NAME",
        help=f"only what this client needs: {', '.join(all_profiles())}, or all; may be given again",
    )
    add_case_folder(group)


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--jobs", type=int, default=DEFAULT_JOBS, metavar="N", help="cases at once (default: %(default)s)"
    )
    group.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="run each case N times; what holds only sometimes is flaky"
    )
    group.add_argument("--strict", action="store_true", help="a SHOULD or MAY that doesn't hold fails, too")
    group.add_argument("--fail-fast", action="store_true", help="stop at the first failure")


def _add_times(group: argparse._ArgumentGroup) -> None:
    times = {
        "--read-timeout": (DEFAULT_READ_TIMEOUT_S, "silence that counts as hung (default: %(default)g s)"),
        "--deadline": (DEADLINE_S, "end a run whose cases are not through by then (default: %(default)g s)"),
        "--wait": (0.0, "wait so long for the target to listen (default: %(default)g)"),
    }
    for flag, (default_s, meaning) in times.items():
        group.add_argument(flag, type=float, default=default_s, metavar="S", help=meaning)


def _add_baseline(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help=f"known deviations, each with its reason (default: {BASELINE_FILE}, if it is there)",
    )
    group.add_argument("--write-baseline", type=Path, metavar="FILE", help="write what failed as known deviations")


def known_cases() -> dict[str, Case]:
    """Every case that a report or a baseline may name, by id."""
    return {**all_cases(), **all_fuzz_cases()}


def read(arguments: argparse.Namespace) -> GateOptions:
    """Read and check what the command line asks for.

    Raises:
        Stop: Something is wrong with it; the text has a sentence for each mistake.
    """
    if arguments.jobs < 1 or arguments.repeat < 1 or arguments.read_timeout <= 0 or arguments.deadline <= 0:
        raise Stop(USAGE, "--jobs, --repeat, --read-timeout and --deadline must be greater than 0.")
    sequential = fuzzing.sequential_cases(arguments)
    cases = [] if arguments.example else _selected(arguments)
    if not cases and not sequential:
        raise Stop(USAGE, "no case matches; `hopcheck cases` lists them all.")
    try:
        config, baseline = _target(arguments), _baseline(arguments)
    except SettingsError as error:
        raise Stop(USAGE, str(error)) from None
    providers = providers_of(arguments.provider, config)
    report_files = {kind: path for kind in RENDERINGS if (path := getattr(arguments, kind))}
    require_folders(report_files.values())
    return GateOptions(
        config=config,
        cases=cases,
        sequential=None if providers else sequential,
        providers=providers,
        jobs=arguments.jobs,
        repeat=arguments.repeat,
        strict=arguments.strict,
        fail_fast=arguments.fail_fast,
        one_sided=arguments.one_sided,
        read_timeout_s=arguments.read_timeout,
        deadline_s=arguments.deadline,
        wait_s=arguments.wait,
        unfiltered=not any(getattr(arguments, name) for name in FILTERS),
        baseline=baseline,
        report_files=report_files,
    )


def _selected(arguments: argparse.Namespace) -> list[Case]:
    cases = select(all_cases(arguments.cases).values(), arguments.select, arguments.profile, arguments.operations)
    if arguments.client:
        cases = cases_of(all_profiles() if "all" in arguments.client else arguments.client, cases)
    return [case for case in cases if not arguments.provider or case.operation in ANSWERED]


def _operation_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or text!r}: the operations are {', '.join(OPERATIONS)}")
    return names


def _there(name: str) -> Path | None:
    """A file of that name in the working folder, if there is one."""
    return Path(name) if Path(name).exists() else None


def _baseline(arguments: argparse.Namespace) -> Baseline | None:
    path = arguments.baseline or _there(BASELINE_FILE)
    if path:
        return load_baseline(path)
    return replaying.baseline_of_reference(arguments.replay) if replaying.wants_reference(arguments) else None


def previous_baseline(arguments: argparse.Namespace, options: GateOptions) -> Baseline:
    """The entries that `--write-baseline` keeps: those of the baseline in use, or of the file that is written anew.

    Raises:
        Stop: The file can't be read.
    """
    path = arguments.write_baseline
    if options.baseline or not path or not path.exists():
        return options.baseline or Baseline(str(path))
    try:
        return load_baseline(path)
    except SettingsError as error:
        raise Stop(USAGE, str(error)) from None


def _target(arguments: argparse.Namespace) -> TargetConfig:
    if replaying.wants_reference(arguments):
        return replaying.reference()
    path: Path | None = arguments.target or _there(TARGET_FILE)
    overrides = {
        "base_url": arguments.url,
        "api_key_env": arguments.api_key_env,
        "upstream_port": arguments.upstream_port,
        "upstream_url": arguments.upstream_url,
        "models.chat": arguments.model,
    }
    return load_target(path, overrides, os.environ)
