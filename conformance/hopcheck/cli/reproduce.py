"""Ask a target again what failed in a report, and say whether it fails again."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import without_provider
from hopcheck.cli.case_arguments import add_case_folder
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, HOPCHECK_FAILED, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import DEFAULT_READ_TIMEOUT_S
from hopcheck.gate.backend import run_context
from hopcheck.gate.catalogue import all_cases, all_scripts, by_key, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.target_file import SettingsError, load_target, read_target
from hopcheck.gate.unfit import Unfit
from hopcheck.report.document import Document, load_document
from hopcheck.report.target_entry import target_tables
from hopcheck.reproduce import Answer, ReportedFailure, failures_named, reproduce
from hopcheck.reproduce.text import body_of, reproduction_text
from hopcheck_server.redaction import REDACTED
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event

EXITS = {
    Answer.AGAIN: DOES_NOT_HOLD,
    Answer.HOLDS: HOLDS,
    Answer.UNTESTABLE: UNTESTABLE,
    Answer.BROKEN: HOPCHECK_FAILED,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("report", type=Path, metavar="REPORT", help="a report that `hopcheck gate --json` wrote")
    parser.add_argument("id", metavar="ID", help="a case such as 'errors.shape[chat]' or errors.shape, or a cause: C3")
    parser.add_argument("--target", type=Path, metavar="FILE", help="the target file (default: what the report says)")
    parser.add_argument("--upstream-port", type=int, metavar="PORT", help="where the target expects its provider")
    parser.add_argument("--upstream-url", metavar="URL", help="a running `hopcheck upstream` that the target talks to")
    parser.add_argument(
        "--read-timeout",
        type=float,
        default=DEFAULT_READ_TIMEOUT_S,
        metavar="S",
        help="silence that counts as hung (default: %(default)g s)",
    )
    parser.add_argument("--keep", action="store_true", help="leave the upstream running, so that curl lines work")
    add_case_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Reproduce it; returns the exit code."""
    document = _document(arguments.report)
    failures = _failures(document, arguments.id)
    attempts = _attempts(failures, document, arguments)
    try:
        return run_loop(_reproduce(attempts, arguments))
    except Unfit as unfit:
        raise Stop(UNTESTABLE, str(unfit)) from None


async def _reproduce(attempts: list[tuple[ReportedFailure, Case, GateOptions]], arguments: argparse.Namespace) -> int:
    stopped: asyncio.Event = stop_event()
    every = [case for _, case, _ in attempts]
    options = replace(attempts[0][2], cases=every)
    async with run_context(options) as context:
        found = await reproduce(attempts, context, stopped)
        if found is None:
            return INTERRUPTED
        print(reproduction_text(found, _written_body(body_of(found), arguments.report)), flush=True)
        if arguments.keep and context.control is not None:
            await context.control.load(all_scripts(options.cases))  # or the markers of the printed lines were used up
            print(f"The upstream keeps running at {context.upstream_url} until it is interrupted.", flush=True)
            await stopped.wait()
        return EXITS[found.answer]


def _written_body(body: bytes, report: Path) -> Path | None:
    """Write a body that is too large for a curl line next to the report."""
    if not body:
        return None
    path = report.with_suffix(".body")
    try:
        path.touch(mode=0o600)
        path.write_bytes(body)
    except OSError as error:
        raise Stop(HOPCHECK_FAILED, f"{path} can't be written: {error.strerror or error}.") from error
    return Path(shlex.quote(str(path)))


def _document(path: Path) -> Document:
    try:
        document = load_document(path)
    except (OSError, ValueError) as error:
        raise Stop(USAGE, f"{path} can't be used: {error}") from None
    if document["target"]["replay"]:
        raise Stop(
            USAGE,
            f"{path} is of a run on cassettes, where no provider can be asked again: "
            "`hopcheck gate --replay FOLDER --select ID` judges the same recording once more.",
        )
    return document


def _failures(document: Document, name: str) -> list[ReportedFailure]:
    try:
        return failures_named(document, name)
    except LookupError as unknown:
        raise Stop(USAGE, str(unknown.args[0])) from None


def _attempts(
    failures: list[ReportedFailure], document: Document, arguments: argparse.Namespace
) -> list[tuple[ReportedFailure, Case, GateOptions]]:
    known = by_key(select(all_cases(arguments.cases).values()))
    askable = [failure for failure in failures if without_provider(failure.case)[0] in known]
    if not askable:
        raise Stop(USAGE, _why_not(failures[0].case))
    config = _target(document["target"], arguments)
    cases = [known[without_provider(failure.case)[0]] for failure in askable]
    return [
        (failure, case, _options(config, failure, case, document, arguments))
        for failure, case in zip(askable, cases, strict=True)
    ]


def _why_not(case: str) -> str:
    """Why a case can't be run alone, as a sentence."""
    if case.startswith("fuzz."):
        return (
            f"{case} is a search for requests that fail, and no request of its own: "
            "`hopcheck gate --example FILE` asks a failing example again, which the search has written to a file."
        )
    return f"{case} is no case of this hopcheck: give the folder of your own cases with --cases."


def _options(
    config: TargetConfig, failure: ReportedFailure, case: Case, document: Document, arguments: argparse.Namespace
) -> GateOptions:
    return GateOptions(
        config=config,
        cases=[case],
        providers=[name for name in (without_provider(failure.case)[1],) if name],
        jobs=1,
        one_sided=document["target"]["one_sided"],
        read_timeout_s=arguments.read_timeout,
    )


def _target(entry: dict[str, Any], arguments: argparse.Namespace) -> TargetConfig:
    overrides = {"upstream_port": arguments.upstream_port, "upstream_url": arguments.upstream_url}
    hidden = [name for name, value in entry["headers"].items() if REDACTED in value]
    if hidden and not arguments.target:
        raise Stop(USAGE, f"the report doesn't hold the value of the header {hidden[0]}: give --target FILE.")
    try:
        if arguments.target:
            return load_target(arguments.target, overrides, os.environ)
        return read_target(target_tables(entry), None, overrides, os.environ)
    except SettingsError as error:
        raise Stop(USAGE, str(error)) from None
