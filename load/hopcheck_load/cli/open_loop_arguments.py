"""The arguments of `hopcheck load` for a measurement under load, and its plan."""

from __future__ import annotations

import argparse

from hopcheck_load.measurement.plan import MeasurementPlan
from hopcheck_load.measurement.profiles import LOAD_PROFILES
from hopcheck_load.measurement.schedule import ARRIVAL_KINDS
from hopcheck_load.open_loop.run import DURATION_S, OpenLoopPlan
from hopcheck_server.exits import USAGE, Stop

_ONLY_UNDER_LOAD = ("arrivals", "profile", "processes", "prometheus", "otlp", "fallback_model")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the command's parser."""
    group = parser.add_argument_group("under load", "with --rate, requests are sent by a schedule (an open loop)")
    group.add_argument("--rate", type=float, metavar="R", help="requests a second through each hop")
    group.add_argument("--arrivals", choices=ARRIVAL_KINDS, help="how they arrive (default: poisson)")
    profiles = "; ".join(f"{profile.name}: {profile.about}" for profile in LOAD_PROFILES.values())
    group.add_argument(
        "--profile", choices=list(LOAD_PROFILES), help=f"what arrives when ({profiles}; default: steady)"
    )
    group.add_argument("--processes", type=int, metavar="N", help="Locust processes that share the rate (default: 1)")
    group.add_argument(
        "--locustfile", action="store_true", help="print where the locustfile is, to run Locust alone, and end"
    )
    group.add_argument(
        "--prometheus", type=int, metavar="PORT", help="serve metrics at http://127.0.0.1:PORT/metrics meanwhile"
    )
    group.add_argument(
        "--otlp", metavar="URL", help="send metrics to an OpenTelemetry collector, such as http://127.0.0.1:4318"
    )
    group.add_argument("--fallback-model", metavar="MODEL", help="a model with a fallback, for --profile faults")


def open_loop_plan(arguments: argparse.Namespace, base: MeasurementPlan) -> OpenLoopPlan | None:
    """Return the plan of a measurement under load, or None if the arguments ask for one at rest.

    Raises:
        Stop: The arguments don't fit together; the text says what to give instead.
    """
    if arguments.rate is None:
        given = next((name for name in _ONLY_UNDER_LOAD if getattr(arguments, name) is not None), None)
        if given:
            raise Stop(USAGE, f"--{given.replace('_', '-')} is for a measurement under load: give --rate, too.")
        return None
    _refuse_unfit(arguments)
    return OpenLoopPlan(
        base=base,
        rate=arguments.rate,
        duration_s=arguments.duration or DURATION_S,
        profile=arguments.profile or "steady",
        arrivals=arguments.arrivals or "poisson",
        processes=arguments.processes or 1,
        fallback_model=arguments.fallback_model or "",
    )


def _refuse_unfit(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.rate < 1e6:
        raise Stop(USAGE, "--rate must be more than 0.")
    if arguments.processes is not None and not 0 < arguments.processes < 100:
        raise Stop(USAGE, "--processes must be between 1 and 99.")
    if arguments.rounds or arguments.quick:
        raise Stop(USAGE, "--rounds and --quick are for the measurement at rest: with --rate, give --duration.")
    if arguments.pause:
        raise Stop(USAGE, "--pause is for the measurement at rest: with --rate, requests come when they are due.")
    if arguments.fallback_model and arguments.profile != "faults":
        raise Stop(USAGE, "--fallback-model is for --profile faults.")
