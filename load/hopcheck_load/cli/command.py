"""Measure how much latency a hop adds, with a noise floor, from both its sides."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hopcheck_load.cli import arguments as words
from hopcheck_load.cli import open_loop_arguments
from hopcheck_load.cli.progress import telling
from hopcheck_load.closed_loop.run import MeasurementResult, measure
from hopcheck_load.measurement import records
from hopcheck_load.measurement.records import Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.open_loop.campaign import LOCUSTFILE
from hopcheck_load.open_loop.run import measure as measure_under_load
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text
from hopcheck_load.report.render.terminal import print_report
from hopcheck_server.exits import HOLDS, HOPCHECK_FAILED, INTERRUPTED, UNTESTABLE, USAGE, Stop

add_arguments = words.add_arguments

_FILES = ("json", "html", "markdown", "raw")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.locustfile:
        print(LOCUSTFILE)
        return HOLDS
    limits = _limits(arguments)
    earlier = _earlier(arguments.against)
    _see_folders(arguments)
    outcome = _from_file(arguments.source) if arguments.source else _measured(arguments, limits)
    document = report.build(outcome.measurement)
    document["budget"] = gate.judge(document, limits)
    if earlier is not None:
        document["against"] = gate.compare(document, earlier, arguments.tolerance)
    strange = earlier is not None and not document["against"]
    failed = outcome.failure is not None or strange
    document["exit"] = INTERRUPTED if outcome.interrupted else UNTESTABLE if failed else gate.exit_code(document)
    print_report(document, earlier)
    _write(document, outcome.measurement, arguments)
    if outcome.failure is not None:
        print(f"hopcheck: {outcome.failure}", file=sys.stderr)
    if strange:
        print(f"hopcheck: {arguments.against} has no hop and workload in common with this run.", file=sys.stderr)
    return int(document["exit"])


def _limits(arguments: argparse.Namespace) -> list[gate.Limit]:
    try:
        limits = [limit for text in arguments.budget for limit in gate.parse(text)]
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    if arguments.rounds and (limit := gate.impossible(limits, arguments.rounds)):
        raise Stop(
            USAGE, f"{arguments.rounds} rounds can't tell {limit.text!r}: 100 values must lie beyond a quantile."
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


def _from_file(path: Path) -> MeasurementResult:
    try:
        measurement: Measurement = records.read(path)
    except (OSError, ValueError) as error:
        raise _unread(path, error) from None
    return MeasurementResult(measurement, interrupted=measurement.header.partial == "interrupted")


def _measured(arguments: argparse.Namespace, limits: list[gate.Limit]) -> MeasurementResult:
    plan = words.plan(arguments, shlex.join(["hopcheck", *sys.argv[1:]]))
    unknown = {limit.hop for limit in limits if limit.hop} - {hop.name for hop in plan.hops}
    if unknown:
        raise Stop(USAGE, f"the budget names {min(unknown)!r}, which is none of the hops.")
    asked = open_loop_arguments.asked(arguments, plan)
    with UpstreamProcess(port=arguments.upstream_port or 0, url=arguments.upstream_url or "") as provider:
        if asked is None:
            return measure(plan, provider, lambda doing: print(f"measuring {doing}", file=sys.stderr, flush=True))
        with telling() as tell:
            return measure_under_load(asked, provider, tell)


def _see_folders(arguments: argparse.Namespace) -> None:
    """See now, and not after a minute of measuring, that there is a place for every file."""
    for name in _FILES:
        path: Path | None = getattr(arguments, name)
        if path is not None and not path.parent.is_dir():
            raise Stop(USAGE, f"--{name} {path}: there is no folder {path.parent}. Make it, or name another one.")


def _write(document: dict[str, Any], measurement: Measurement, arguments: argparse.Namespace) -> None:
    kinds = {arguments.json: report.text, arguments.html: html_text, arguments.markdown: markdown_text}
    writing = [(path, partial(_write_text, path, text, document)) for path, text in kinds.items() if path]
    if arguments.raw and not arguments.source:
        writing.append((arguments.raw, partial(records.write, measurement, arguments.raw)))
    for path, write in writing:
        try:
            write()
        except OSError as error:
            raise Stop(HOPCHECK_FAILED, f"can't write {path}: {error.strerror}.") from error


def _write_text(path: Path, text: Callable[[dict[str, Any]], str], document: dict[str, Any]) -> None:
    path.write_text(text(document), encoding="utf-8")
