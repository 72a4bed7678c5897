"""Runs cases on the odd gateways, and makes every report of what they found."""

from __future__ import annotations

import asyncio
import datetime
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Console

from hopcheck.authoring.case import Case
from hopcheck.cli.gate_arguments import RENDERINGS, known_cases
from hopcheck.client.config import ProviderModels, TargetConfig
from hopcheck.client.pacing.pace import Pace
from hopcheck.engine.context import RunContext
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.build import build
from hopcheck.report.document import violations
from hopcheck.report.render.terminal import print_report
from hopcheck.report.run_summary import RunSummary
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.wire.tasks import bounded_map
from tools.odd_gateways.relays import OddGateway

AT_ONCE, JOBS = 8, 4
"""Gateways at a time, and cases at a time on each."""

WAIT_S = 0.5
"""How long a case waits for what these gateways never do: recover, let through, go on."""


@dataclass
class OddRun:
    """What was run.

    Attributes:
        verdicts: How many verdicts there are.
        faults: What hopcheck did wrong, a sentence each.
    """

    verdicts: int = 0
    faults: list[str] = field(default_factory=list)


def dealt(gateways: Sequence[OddGateway], cases: Sequence[Case]) -> list[tuple[OddGateway, Sequence[Case]]]:
    """Each gateway with its share of the cases, so that each case is run once."""
    return [(gateway, cases[place :: len(gateways)]) for place, gateway in enumerate(gateways)]


async def judge(
    gateways: Sequence[tuple[OddGateway, Sequence[Case]]], note: Callable[[str], None] = lambda _: None
) -> OddRun:
    """Run cases on each gateway; `note` gets a sentence about each, and one for each fault."""
    found, cases = OddRun(), known_cases().values()
    _collect_errors(found)
    async with RelayHost({gateway.name: gateway.relay for gateway, _ in gateways}, cases) as host:

        async def judge_one(pair: tuple[OddGateway, Sequence[Case]]) -> None:
            gateway, own = pair
            context = _context(host.context(gateway.name), gateway.provider)
            verdicts = [verdict async for verdict in run(_askable(own, gateway), context, jobs=JOBS)]
            found.verdicts += len(verdicts)
            faults = [f"{gateway.name}: {fault}" for fault in _faults(verdicts, context.config)]
            found.faults += faults
            for sentence in (*faults, f"{gateway.name}: {len(verdicts)} verdicts"):
                note(sentence)

        await bounded_map(judge_one, gateways, AT_ONCE)
    return found


def _collect_errors(found: OddRun) -> None:
    """What is raised where nobody awaits it is a fault, too."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        found.faults.append(f"in the event loop: {context.get('message')}: {context.get('exception')!r}")

    asyncio.get_running_loop().set_exception_handler(handle)


def _context(context: RunContext, provider: str) -> RunContext:
    config = context.config
    if provider:
        models = ProviderModels(chat="fake-model", embedding="fake-embedding")
        config = replace(config, providers={provider: models}).behind(provider)
    return replace(
        context,
        config=config,
        read_timeout_s=4 * WAIT_S,
        recovery_s=WAIT_S,
        pace=Pace(longest_wait_s=WAIT_S),
        flood=0.1,
        wire_log=True,
        watchdog=None,
    )


def _askable(cases: Sequence[Case], gateway: OddGateway) -> list[Case]:
    """A provider of another dialect stands behind chats and embeddings."""
    return [case for case in cases if not gateway.provider or case.operation in ("chat", "chat.stream", "embeddings")]


def _faults(verdicts: Sequence[Verdict], config: TargetConfig) -> list[str]:
    broken = [f"{one.key} is broken: {one.reason}" for one in verdicts if one.outcome is Outcome.BROKEN]
    try:
        return broken + _report_faults(verdicts, config)
    except Exception as error:  # whatever it is, it is a fault of the reports
        return [*broken, f"no report can be made: {error!r}"]


def _report_faults(verdicts: Sequence[Verdict], config: TargetConfig) -> list[str]:
    started = datetime.datetime(2031, 5, 6, tzinfo=datetime.UTC)
    summary = RunSummary(started=started, duration_s=1.0, selected=len(verdicts))
    document = build(verdicts, known_cases(), config, summary)
    for render in RENDERINGS.values():
        render(document).encode()  # it can be written to a file
    console = Console(file=io.StringIO(), width=200)
    print_report(document, console, [])
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    controls = [f"the terminal gets {code!r}" for code in "\x1b\x07\x00" if code in shown]
    return [*controls, *(f"the report violates its schema: {line}" for line in violations(document))]
