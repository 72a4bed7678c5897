"""Measure how much latency a hop adds, from both its sides, with a noise floor."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hopcheck_load.cli import arguments as command_arguments
from hopcheck_load.cli import open_loop_arguments
from hopcheck_load.cli.progress import progress_shown
from hopcheck_load.closed_loop.run import measure
from hopcheck_load.export.sinks import open_sinks
from hopcheck_load.measurement import records
from hopcheck_load.measurement.plan import MeasurementResult
from hopcheck_load.measurement.records import Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.open_loop.campaign import LOCUSTFILE
from hopcheck_load.open_loop.run import measure as measure_under_load
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.comparison import compare, not_compared
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text
from hopcheck_load.report.render.rates import csv_text
from hopcheck_load.report.render.terminal import print_report
from hopcheck_server.exits import HOLDS, HOPCHECK_FAILED, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck_server.private_files import write_whole

add_arguments = command_arguments.add_arguments

_PASSWORD = re.compile(r"//[^/\s]+@")
"""A user's name and password in a URL, such as that of a collector."""

_FILES = ("json", "csv", "html", "markdown", "raw")
STDOUT = Path("-")
"""Instead of a file, for --json."""


def run(arguments: argparse.Namespace) -> int:
    """Measure or read a measurement, report it, and return the exit code."""
    if arguments.locustfile:
        print(LOCUSTFILE)
        return HOLDS
    limits = _limits(arguments)
    earlier = _earlier(arguments.against)
    _require_folders(arguments)
    result = _read(arguments.source) if arguments.source else _measure(arguments, limits)
    document = report.build(result.measurement)
    document["budget"] = gate.judge(document, limits)
    if earlier is not None:
        document["against"] = compare(document, earlier, arguments.tolerance)
        document["not_compared"] = not_compared(document, earlier)
    nothing_in_common = earlier is not None and not document["against"]
    failed = result.failure is not None or nothing_in_common
    document["exit"] = (
        INTERRUPTED
        if result.interrupted
        else UNTESTABLE
        if failed
        else gate.exit_code(document, strict=arguments.strict_budget)
    )
    print_report(document, earlier, to_stderr=arguments.json == STDOUT)
    _write(document, result.measurement, arguments)
    if result.failure is not None:
        print(f"hopcheck: {result.failure}", file=sys.stderr)
    if gate.is_invalid(document):
        print("hopcheck: no stage is valid, so nothing is known of the hops; the report says why.", file=sys.stderr)
    if nothing_in_common:
        print(f"hopcheck: {arguments.against} has no hop and workload in common with this run.", file=sys.stderr)
    return int(document["exit"])


def _limits(arguments: argparse.Namespace) -> list[gate.Limit]:
    try:
        limits = [limit for text in arguments.budget for limit in gate.parse(text)]
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    if arguments.rounds and (limit := gate.first_unjudgeable(limits, arguments.rounds)):
        raise Stop(
            USAGE, f"{arguments.rounds} rounds are too few for {limit.text!r}: 100 values must lie beyond a quantile."
        )
    return limits


def _earlier(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return report.load(path)
    except (OSError, ValueError) as error:
        raise _unread(path, error) from None


def _unread(path: Path, error: OSError | ValueError) -> Stop:
    return Stop(USAGE, f"{path} can't be read: {error.strerror}." if isinstance(error, OSError) else f"{error}.")


def _read(path: Path) -> MeasurementResult:
    try:
        measurement: Measurement = records.read(path)
    except (OSError, ValueError) as error:
        raise _unread(path, error) from None
    return MeasurementResult(measurement, interrupted=measurement.header.partial == "interrupted")


def _measure(arguments: argparse.Namespace, limits: list[gate.Limit]) -> MeasurementResult:
    plan = command_arguments.plan(arguments, _PASSWORD.sub("//…@", shlex.join(["hopcheck", *sys.argv[1:]])))
    unknown = {limit.hop for limit in limits if limit.hop} - {hop.name for hop in plan.hops}
    if unknown:
        raise Stop(USAGE, f"the budget names {min(unknown)!r}, which is none of the hops.")
    under_load = open_loop_arguments.open_loop_plan(arguments, plan)
    with UpstreamProcess(port=arguments.upstream_port or 0, url=arguments.upstream_url or "") as upstream:
        if under_load is None:
            return measure(plan, upstream, lambda step: print(f"measuring {step}", file=sys.stderr, flush=True))
        with progress_shown() as note, open_sinks(arguments.prometheus, arguments.otlp or "") as sinks:
            return measure_under_load(under_load, upstream, note, sinks)


def _require_folders(arguments: argparse.Namespace) -> None:
    """Refuse files in folders that don't exist now, and not after a minute of measuring."""
    for name in _FILES:
        path: Path | None = getattr(arguments, name)
        if path is not None and path != STDOUT and not path.parent.is_dir():
            raise Stop(USAGE, f"--{name} {path}: there is no folder {path.parent}. Make it, or name another one.")


def _write(document: dict[str, Any], measurement: Measurement, arguments: argparse.Namespace) -> None:
    kinds = (
        (arguments.json, report.text),
        (arguments.csv, csv_text),
        (arguments.html, html_text),
        (arguments.markdown, markdown_text),
    )
    writing = [(path, partial(_write_text, path, text, document)) for path, text in kinds if path]
    if arguments.raw and not arguments.source:  # first: all else can be made of it again
        writing.insert(0, (arguments.raw, partial(records.write, measurement, arguments.raw)))
    for path, write in writing:
        try:
            write()
        except OSError as error:
            raise Stop(HOPCHECK_FAILED, f"can't write {path}: {error.strerror}.") from error


def _write_text(path: Path, text: Callable[[dict[str, Any]], str], document: dict[str, Any]) -> None:
    if path == STDOUT:
        sys.stdout.write(text(document))
    elif str(path) == os.environ.get("GITHUB_STEP_SUMMARY"):  # other commands of the job's step write there, too
        with path.open("a", encoding="utf-8") as file:
            file.write(text(document))
    else:
        write_whole(path, text(document))
