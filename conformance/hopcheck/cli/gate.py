"""Hold a proxy to its contract, from both sides at once."""

from __future__ import annotations

import argparse
import datetime
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcheck.cli import fuzz_arguments as fuzzing
from hopcheck.cli import replay_arguments as replaying
from hopcheck.cli.exits import UNTESTABLE, Stop
from hopcheck.cli.files import write
from hopcheck.cli.gate_arguments import RENDERINGS, add_arguments, known_cases, previous_baseline, read
from hopcheck.engine.verdict import Verdict
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, Watch, gate
from hopcheck.gate.unfit import Unfit
from hopcheck.report.baseline import Judgement, baseline_text, judge, updated
from hopcheck.report.build import build
from hopcheck.report.redaction import secrets_of
from hopcheck.report.render.progress import RunProgress
from hopcheck.report.render.terminal import console_for, print_report
from hopcheck.report.run_summary import Replay, RunSummary
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.redaction import SecretRedactor
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event

if TYPE_CHECKING:
    from hopcheck.replay.cassette_folder import CassetteFolder

__all__ = ["add_arguments", "conclude", "run", "watching"]


def run(arguments: argparse.Namespace) -> int:
    """Run the gate, show the report, and write the files that were asked for."""
    options = read(arguments)
    cassettes = replaying.cassettes_of(arguments, options) if arguments.replay else None
    if cassettes is not None:
        options = replace(options, cases=cassettes.recorded(options.cases, options.providers))
    previous = previous_baseline(arguments, options)
    try:
        with RunProgress(console_for(sys.stderr), options.selected) as progress:
            fuzzing.follow(options.sequential, progress)
            options, result, replay = run_loop(_judge(arguments, options, cassettes, watching(progress)))
    except (Unfit, ProcessError) as unfit:
        raise Stop(UNTESTABLE, str(unfit)) from None
    document, written = conclude(options, result, replay)
    if path := arguments.write_baseline:
        entries = updated(
            result.verdicts, known_cases(), previous, strict=options.strict, unfiltered=options.unfiltered
        )
        write(path, baseline_text(entries))
        written.append(path)
    redactor = SecretRedactor(secrets_of(options.config, (result.provider_key,)))
    written += fuzzing.write_examples(options.sequential, redactor)
    print_report(document, console_for(sys.stdout), written)
    return int(document["summary"]["exit"])


async def _judge(
    arguments: argparse.Namespace, options: GateOptions, cassettes: CassetteFolder | None, watch: Watch
) -> tuple[GateOptions, GateResult, Replay | None]:
    """Run the gate, on cassettes if there are some; the options returned name the target that was started for it."""
    if cassettes is None:
        return options, await gate(options, stop_event(), watch), None
    from hopcheck.replay.offline import offline

    async with offline(options, cassettes, own_proxy=not replaying.wants_reference(arguments)) as off:
        result = await gate(off.options, stop_event(), watch, nullcontext(off.context))
        return off.options, result, off.replay()


def watching(progress: RunProgress) -> Watch:
    """Let a progress display follow a run."""

    def watch(case_id: str, verdict: Verdict | None) -> None:
        if verdict is None:
            progress.began(case_id)
        else:
            progress.ended(case_id, verdict.outcome)

    return watch


def conclude(
    options: GateOptions, result: GateResult, replay: Replay | None = None
) -> tuple[dict[str, Any], list[Path]]:
    """Make the report of a run, and write the files that were asked for.

    Returns:
        The report document, and the files that were written.

    Raises:
        Stop: A file can't be written.
    """
    judgement, known = Judgement(), known_cases()
    if options.baseline is not None:
        today = datetime.datetime.now(datetime.UTC).date()
        judgement = judge(
            result.verdicts, options.baseline, known, today, strict=options.strict, unfiltered=options.unfiltered
        )
    facts = RunSummary(
        started=result.started,
        duration_s=result.duration_s,
        selected=options.selected,
        interrupted=result.interrupted,
        ended_early=result.ended_early,
        notes=tuple(result.notes),
        strict=options.strict,
        one_sided=options.one_sided,
        replay=replay,
        suggestions=[{"declare": one.declaration, "sentence": one.sentence} for one in result.suggestions],
        secrets=(result.provider_key,) if result.provider_key else (),
    )
    document = build(result.verdicts, known, options.config, facts, options.baseline, judgement)
    for kind, path in options.report_files.items():
        write(path, RENDERINGS[kind](document))
    return document, list(options.report_files.values())
