"""The options of a Locust run without the command: `--hopcheck-…`, or `HOPCHECK_…` in the environment; and its plan."""

from __future__ import annotations

import argparse
import json
import secrets
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hopcheck_load.measurement import load_plan as plans
from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import LOAD_PROFILES, LOAD_WORKLOADS, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import ARRIVAL_KINDS
from hopcheck_server.upstream.control.access import TOKEN_HEADER, token_for
from hopcheck_server.upstream.script.transfer import dump
from hopcheck_server.wire.pool import Origin

CONTROL_TIMEOUT_S = 10.0

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("target", {"default": "", "help": "the hop's base URL, with its /v1 (or give --host)"}),
    ("key", {"default": "", "is_secret": True, "help": "the hop's API key"}),
    ("model", {"default": "fake-model", "help": "the model that requests name"}),
    (
        "upstream",
        {"default": "", "help": "the hopcheck upstream behind it, for direct requests to compare with"},
    ),
    ("rate", {"type": float, "default": 10.0, "help": "requests a second through the hop, all workers together"}),
    ("duration", {"type": float, "default": 30.0, "help": "seconds"}),
    ("arrivals", {"choices": list(ARRIVAL_KINDS), "default": "poisson", "help": "how requests arrive"}),
    ("profile", {"choices": list(LOAD_PROFILES), "default": "steady", "help": "the load profile: what arrives when"}),
    ("workload", {"choices": list(LOAD_WORKLOADS), "default": "chat", "help": "the workload"}),
    ("fallback-model", {"default": "", "help": "a model with a fallback, for the profile `faults`"}),
    ("seed", {"type": int, "default": 1, "help": "the seed of every random draw"}),
    ("raw", {"default": "", "help": "a folder for every exchange, as NDJSON"}),
    ("hdr", {"default": "", "help": "a file for the merged histograms"}),
    ("plan", {"default": "", "include_in_web_ui": False, "help": argparse.SUPPRESS}),
)


def add_options(parser: Any) -> None:
    """Add the options to Locust's parser."""
    for name, details in _OPTIONS:
        parser.add_argument(f"--hopcheck-{name}", env_var=f"HOPCHECK_{name.upper().replace('-', '_')}", **details)


def add_shared_values(options: argparse.Namespace, workers: int, begin_at: float) -> None:
    """Add the values that all workers must agree on: Locust sends the namespace to them.

    Args:
        options: Locust's options; the names that are added begin with `hopcheck_`.
        workers: How many workers there are.
        begin_at: When the run begins (`time.time`).
    """
    options.hopcheck_workers = max(1, workers)
    options.hopcheck_begin_at = begin_at
    options.hopcheck_prefix = secrets.token_hex(4)


def plan_of(options: argparse.Namespace, host: str | None = None) -> LoadPlan:
    """Return the plan that the options ask for.

    Args:
        options: Locust's options.
        host: Locust's host: it is the target if no target is given.

    Raises:
        ValueError: There is neither a target nor an upstream; the text says which options to give.
    """
    if options.hopcheck_plan:
        return plans.read(Path(options.hopcheck_plan))
    arms = _arms(options, options.hopcheck_target or host or "")
    if not arms:
        raise ValueError("give --hopcheck-target, the base URL of a hop, or --hopcheck-upstream, or both")
    request = StageRequest(
        options.hopcheck_rate,
        options.hopcheck_duration,
        (options.hopcheck_workload,),
        bool(options.hopcheck_fallback_model),
    )
    return LoadPlan(
        arms=arms,
        profile=options.hopcheck_profile,
        stages=stages_of(LOAD_PROFILES[options.hopcheck_profile], request),
        arrivals=options.hopcheck_arrivals,
        rate=options.hopcheck_rate,
        seed=options.hopcheck_seed,
        prefix=options.hopcheck_prefix,
        fallback_model=options.hopcheck_fallback_model,
    )


def _arms(options: argparse.Namespace, target: str) -> list[Arm]:
    direct = Arm(
        "direct", "direct", f"{_root(options.hopcheck_upstream)}/v1", options.hopcheck_model, "hopcheck-direct"
    )
    hop = Arm("target", "hop", target.rstrip("/"), options.hopcheck_model, options.hopcheck_key)
    both = target and options.hopcheck_upstream
    found = [direct] if options.hopcheck_upstream else []
    if both:
        found.append(replace(direct, name="control", kind="control"))
    return [*found, hop] if target else found


def _root(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1")


def load_scripts(options: argparse.Namespace, plan: LoadPlan) -> None:
    """Load the plan's scripts into the upstream, if its address is known.

    Raises:
        OSError: The upstream doesn't answer.
    """
    if options.hopcheck_upstream and not options.hopcheck_plan:
        root = _root(options.hopcheck_upstream)
        request = urllib.request.Request(  # noqa: S310 - the URL is the user's own
            f"{root}/_hopcheck/scripts",
            dump(plan.scripts()),
            {"Content-Type": "application/json", TOKEN_HEADER: token_for(Origin.of(root))},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_S) as response:  # noqa: S310 - as above
            response.read()


def write_histograms(path: Path, encoded: Mapping[str, str]) -> None:
    """Write histograms by name, in HdrHistogram's own encoding."""
    path.write_text(json.dumps(encoded, indent=1, sort_keys=True) + "\n", encoding="utf-8")
