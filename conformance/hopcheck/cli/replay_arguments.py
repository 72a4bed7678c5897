"""The arguments of `gate --replay`: cassettes in LiteLLM's place, behind the reference proxy or the user's own."""

from __future__ import annotations

import argparse
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from hopcheck.cli.chain import require_server
from hopcheck.cli.exits import USAGE, Stop
from hopcheck.client.config import TargetConfig
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.unfit import Unfit
from hopcheck.report.baseline import Baseline, load_baseline

if TYPE_CHECKING:
    from hopcheck.replay.cassette_folder import CassetteFolder


def add_arguments(group: argparse._ArgumentGroup) -> None:
    """Define the arguments."""
    group.add_argument(
        "--replay",
        type=Path,
        metavar="FOLDER",
        help="cassettes in LiteLLM's place: behind the reference proxy, or behind the given target, on --upstream-port",
    )


def wants_reference(arguments: argparse.Namespace) -> bool:
    """Whether the reference proxy is to be started: cassettes were given, and no target."""
    return bool(arguments.replay) and not (arguments.url or arguments.target)


def cassettes_of(arguments: argparse.Namespace, options: GateOptions) -> CassetteFolder:
    """Read the cassettes that the run plays.

    Raises:
        Stop: They can't be played, or not in this way.
    """
    from hopcheck.replay.cassette_folder import CassetteFolder

    if arguments.one_sided or arguments.upstream_url:
        raise Stop(USAGE, "--replay stands behind the target: leave out --one-sided and --upstream-url.")
    if arguments.fuzz is not None or arguments.example:
        raise Stop(USAGE, "generated requests are on no cassette: leave out --fuzz and --example, or --replay.")
    if not wants_reference(arguments) and options.config.upstream_port is None:
        raise Stop(USAGE, "say with --upstream-port where the proxy expects LiteLLM: the cassettes are played there.")
    try:
        return CassetteFolder.read(arguments.replay, all_cases()).of_providers(options.providers)
    except Unfit as unfit:
        raise Stop(USAGE, str(unfit)) from None


def reference() -> TargetConfig:
    """The reference proxy as a target, before it runs.

    Raises:
        Stop: It isn't installed.
    """
    from hopcheck.replay.offline import reference_target

    require_server()
    return reference_target()


BASELINE_OF_CASSETTES = "baseline.toml"
"""The file with the reference proxy's known deviations on the cassettes of the same folder."""


def baseline_of_reference(cassettes: Path) -> Baseline:
    """The reference proxy's known deviations: those in the cassettes' folder, else those on today's LiteLLM."""
    recorded = cassettes / BASELINE_OF_CASSETTES
    if recorded.is_file():
        return load_baseline(recorded)
    with as_file(files("hopcheck.gate") / "targets" / "reference" / "baseline.toml") as path:
        return load_baseline(path)
