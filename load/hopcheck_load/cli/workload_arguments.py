"""The arguments that say which workloads are measured, on which surfaces."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from hopcheck_load.measurement.profiles import LOAD_WORKLOADS
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.workloads import AGENT_WORKLOADS, REST_WORKLOADS, WORKLOADS, Workload, workload_name
from hopcheck_server.exits import USAGE, Stop

STREAMS = ("stream", "paced")
QUICK = ("chat", "stream")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the command's parser."""
    parser.add_argument(
        "--measure",
        metavar="NAMES",
        help=f"workloads, separated by commas: {', '.join([*WORKLOADS, *AGENT_WORKLOADS])} (default: all but agents; "
        "under load: chat)",
    )
    parser.add_argument("--stream", action="store_true", help=f"the same as --measure {','.join(STREAMS)}")
    parser.add_argument(
        "--surface",
        metavar="NAMES",
        default="chat",
        help=f"the APIs on which they are measured, separated by commas: {', '.join(SURFACES)} (default: %(default)s)",
    )


def workloads(arguments: argparse.Namespace) -> list[Workload]:
    """Return the workloads that are asked for, surface by surface.

    Raises:
        Stop: There is no such workload, or no such surface.
    """
    available = REST_WORKLOADS if arguments.rate is None else LOAD_WORKLOADS
    names = [_known(name, available, "workload") for name in _asked(arguments)]
    surfaces = [_known(name, SURFACES, "surface") for name in arguments.surface.split(",")]
    return [available[name] for name in dict.fromkeys(_named(name, one) for one in surfaces for name in names)]


def _asked(arguments: argparse.Namespace) -> list[str]:
    if arguments.stream:
        return list(STREAMS)
    if arguments.measure:
        return list(arguments.measure.split(","))
    return list(QUICK) if arguments.quick else list(WORKLOADS) if arguments.rate is None else ["chat"]


def _known(name: str, available: Mapping[str, object], kind: str) -> str:
    if name not in available:
        raise Stop(USAGE, f"{name!r} is no {kind}; there are {', '.join(available)}.")
    return name


def _named(name: str, surface: str) -> str:
    """Return a workload's name on a surface; one that already names a surface stays as it is."""
    return name if LOAD_WORKLOADS[name].surface != "chat" else workload_name(name, surface)
