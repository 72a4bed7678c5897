"""The arguments of `hopcheck load`, and the plan that they describe."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from hopcheck_load.cli import open_loop_arguments, workload_arguments
from hopcheck_load.measurement.plan import MeasurementPlan
from hopcheck_load.measurement.records import Arm
from hopcheck_load.open_loop.run import DURATION_S as LOAD_DURATION_S
from hopcheck_load.report.comparison import TOLERANCE
from hopcheck_server.exits import USAGE, Stop
from hopcheck_server.wire.pool import Origin

DURATION_S = 60.0
QUICK_S = 3.0
"""Together with starting the upstream and the report, less than ten seconds."""

MODEL = "fake-model"
_RESERVED_NAMES = ("direct", "control")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the command's parser."""
    parser.add_argument(
        "url", nargs="?", metavar="[NAME=]URL[,KEYENV[,MODEL]]", help="a hop's base URL, with its /v1 (named target)"
    )
    parser.add_argument(
        "--through",
        action="append",
        default=[],
        metavar="NAME=URL[,KEYENV[,MODEL]]",
        help="another hop, measured in the same rounds; its key is in the environment variable KEYENV; repeatable",
    )
    parser.add_argument(
        "--api-key-env", metavar="NAME", help="environment variable with the key of hops that name none"
    )
    parser.add_argument("--model", default=MODEL, help="the model that requests name (default: %(default)s)")
    upstream = parser.add_mutually_exclusive_group()
    upstream.add_argument(
        "--upstream-port",
        type=int,
        metavar="PORT",
        help="where the hops expect their provider: an upstream is started there, unless one is running",
    )
    upstream.add_argument("--upstream-url", metavar="URL", help="a running hopcheck upstream behind the hops")
    _add_sizes(parser)
    open_loop_arguments.add_arguments(parser)
    _add_conditions(parser)
    _add_outputs(parser)


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    workload_arguments.add_arguments(parser)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--rounds", type=_positive(int), metavar="N", help="rounds of every workload, however long it takes"
    )
    size.add_argument(
        "--duration",
        type=_positive(float),
        metavar="S",
        help=f"seconds for all workloads; each stops at its own number of rounds, too (default: {DURATION_S:g}; "
        f"under load {LOAD_DURATION_S:g})",
    )
    size.add_argument(
        "--quick", action="store_true", help=f"{' and '.join(workload_arguments.QUICK)} only, in less than ten seconds"
    )
    parser.add_argument(
        "--upstream-delay",
        type=float,
        default=0.0,
        metavar="MS",
        help="the mean of the upstream's delays, which are drawn from the seed",
    )
    parser.add_argument(
        "--pause",
        type=float,
        default=0.0,
        metavar="MS",
        help="at rest, pause for this long before each exchange: hops are slower after they have been idle",
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of orders and delays (default: %(default)s)")


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--refuse-busy", action="store_true", help="on a busy machine measure nothing: exit code 3")
    parser.add_argument(
        "--real-time",
        action="store_true",
        help="run the client at real-time priority, so that requests are sent when they are due",
    )
    parser.add_argument(
        "--pid",
        action="append",
        default=[],
        metavar="NAME=PID",
        help="watch a process's CPU time and memory; local hops and the upstream are found by their ports",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    contents = {
        "json": "report (-: to the standard output, which is used for nothing else then)",
        "csv": "figures, a line for each measure and arm",
        "html": "report as a page",
        "markdown": "summary for CI",
    }
    for name, content in contents.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the {content}")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="write every exchange, as NDJSON")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FILE", help="measure nothing, and report what --raw has written"
    )
    parser.add_argument(
        "--budget",
        action="append",
        default=[],
        metavar="LIMITS",
        help="what a hop may add: p50=1ms,p99=5ms,ttft_p50=2ms; exceeded, the exit code is 1",
    )
    parser.add_argument(
        "--strict-budget", action="store_true", help="exit code 1 also if a budget is unsure: it lies in the interval"
    )
    parser.add_argument("--against", type=Path, metavar="FILE", help="an earlier --json; slower than that: exit code 1")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        metavar="PART",
        help="the share of the earlier figure by which a hop may be slower (default: %(default)s)",
    )


def _positive(kind: type[int] | type[float]) -> type[int] | type[float]:
    def read(text: str) -> float:
        value = kind(text)
        if not (value > 0 and math.isfinite(value)):
            raise argparse.ArgumentTypeError("must be more than 0")
        return value

    read.__name__ = kind.__name__
    return read  # type: ignore[return-value]


def plan(arguments: argparse.Namespace, command: str, environment: Mapping[str, str] = os.environ) -> MeasurementPlan:
    """Return the plan of what is to be measured.

    Raises:
        Stop: An argument is missing or can't be read; the text says what to give.
    """
    hops = _hops(arguments, environment)
    if arguments.upstream_port is None and not arguments.upstream_url:
        raise Stop(
            USAGE,
            "there is no upstream: point the hops' provider to http://127.0.0.1:9100/v1 and give --upstream-port 9100, "
            "or give --upstream-url.",
        )
    return MeasurementPlan(
        hops=hops,
        workloads=workload_arguments.workloads(arguments),
        rounds=arguments.rounds,
        duration_s=None if arguments.rounds else QUICK_S if arguments.quick else arguments.duration or DURATION_S,
        delay_s=max(0.0, arguments.upstream_delay) / 1e3,
        pause_s=max(0.0, arguments.pause) / 1e3,
        seed=arguments.seed,
        command=command,
        refuse_busy=arguments.refuse_busy,
        real_time=arguments.real_time,
        pids=arguments.pid,
    )


def _hops(arguments: argparse.Namespace, environment: Mapping[str, str]) -> list[Arm]:
    given = [*([arguments.url] if arguments.url else []), *arguments.through]
    if not given:
        raise Stop(USAGE, "give the URL of a hop, such as http://127.0.0.1:4000/v1.")
    hops = [_hop(text, arguments, environment) for text in given]
    names = [*_RESERVED_NAMES, *(hop.name for hop in hops)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Stop(USAGE, f"two arms would be called {twice!r}: name them, as in --through NAME=URL.")
    return hops


def _hop(text: str, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Arm:
    name, equals, rest = text.partition("=")
    if not equals or "/" in name:
        name, rest = "target", text
    url, variable, model = [*rest.split(","), "", ""][:3]
    _require_url(name, url)
    place = f"after the URL of {name}" if variable else "after --api-key-env"
    key = _key(variable or arguments.api_key_env, place, environment)
    return Arm(name, "hop", url.rstrip("/"), model or arguments.model, key)


def _require_url(name: str, url: str) -> None:
    """Refuse what is no URL, and one with a user's name, without quoting it: it may be a key."""
    try:
        Origin.of(url)
    except ValueError:
        raise Stop(USAGE, f"what stands for the hop {name!r} is not a URL like http://127.0.0.1:4000/v1.") from None
    if "@" in urlsplit(url).netloc:
        why = "its URL has a user's name: give the name of the variable that holds a key, as in NAME=URL,KEYENV"
        raise Stop(USAGE, f"the hop {name!r} can't be used: {why}.")


def _key(variable: str | None, place: str, environment: Mapping[str, str]) -> str:
    """Return a hop's key; what isn't a variable's name may be a key, so that it isn't quoted."""
    if not variable:
        return ""
    if variable not in environment:
        raise Stop(USAGE, f"what stands {place} is not the name of an environment variable that is set.")
    return environment[variable]
