"""Hold a proxy to its contract, from both sides at once."""

from __future__ import annotations

import argparse
import datetime
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from hopcheck.authoring.findings import FAILING, Outcome, Verdict
from hopcheck.cli import fuzz_arguments as fuzzing
from hopcheck.cli.exits import UNTESTABLE, Stop
from hopcheck.cli.files import write
from hopcheck.cli.gate_arguments import RENDERINGS, Order, add_arguments, read
from hopcheck.gate import run as gating
from hopcheck.gate.preflight import Unfit
from hopcheck.report.baseline import Judgement, baseline_text, judge, updated
from hopcheck.report.build import Replay, RunSummary, build
from hopcheck.report.render.progress import RunProgress
from hopcheck.report.render.terminal import console_for, print_report
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.signals import stop_event

__all__ = ["add_arguments", "conclude", "run", "watching"]


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    order = read(arguments)
    console = console_for(sys.stdout)
    try:
        with RunProgress(console_for(sys.stderr), order.plan.selected) as progress:
            fuzzing.follow(order.plan.session, progress)
            order, outcome, replay = run_loop(_judge(order, progress))
    except (Unfit, ProcessError) as unfit:
        raise Stop(UNTESTABLE, str(unfit)) from None
    document, written = conclude(order, outcome, replay)
    if arguments.write_baseline:
        written.append(_write_baseline(arguments.write_baseline, order, outcome))
    written += fuzzing.write_examples(order.plan.session)
    print_report(document, console, written)
    return int(document["summary"]["exit"])


async def _judge(order: Order, progress: RunProgress) -> tuple[Order, gating.Outcome, Replay | None]:
    """Run the gate, on cassettes if there are some; what was found out about the target on the way is in the order."""
    if order.cassettes is None:
        return order, await _gate(order, progress), None
    from hopcheck.replay.offline import offline

    async with offline(order.plan, order.cassettes, own_proxy=order.own_proxy) as off:
        order = replace(order, plan=off.plan)
        outcome = await _gate(order, progress)
        return order, outcome, off.replay()


async def _gate(order: Order, progress: RunProgress) -> gating.Outcome:
    def fails(verdict: Verdict) -> bool:
        return verdict.outcome in FAILING or (order.strict and verdict.outcome is Outcome.ADVISORY)

    return await gating.gate(order.plan, stop_event(), watching(progress), fails)


def watching(progress: RunProgress) -> gating.Watch:
    """Let a progress display follow a run."""

    def watch(case_id: str, verdict: Verdict | None) -> None:
        if verdict is None:
            progress.began(case_id)
        else:
            progress.ended(case_id, verdict.outcome)

    return watch


def conclude(order: Order, outcome: gating.Outcome, replay: Replay | None = None) -> tuple[dict[str, Any], list[Path]]:
    """Make the report of a run, and write the files that were asked for.

    Returns:
        The report document, and the files that were written.

    Raises:
        Stop: A file can't be written.
    """
    judgement = Judgement()
    if order.baseline is not None:
        today = datetime.datetime.now(datetime.UTC).date()
        judgement = judge(outcome.verdicts, order.baseline, order.known, today, strict=order.strict)
    facts = RunSummary(
        started=outcome.started,
        duration_s=outcome.duration_s,
        selected=order.plan.selected,
        interrupted=outcome.interrupted,
        strict=order.strict,
        one_sided=order.plan.one_sided,
        replay=replay,
        secrets=(outcome.provider_key,) if outcome.provider_key else (),
    )
    document = build(outcome.verdicts, order.known, order.plan.config, facts, order.baseline, judgement)
    for kind, path in order.files.items():
        write(path, RENDERINGS[kind](document))
    return document, list(order.files.values())


def _write_baseline(path: Path, order: Order, outcome: gating.Outcome) -> Path:
    write(path, baseline_text(updated(outcome.verdicts, order.known, order.previous, strict=order.strict)))
    return path
