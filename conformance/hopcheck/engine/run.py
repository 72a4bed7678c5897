"""Runs cases against a target, and yields each verdict as it is made.

Knows no files, no printing and no test framework.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from hopcheck.authoring.case import Case
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.repetition import combined
from hopcheck.engine.scheduler import ChainPool, Phase, phases, run_pools
from hopcheck.engine.verdict import Verdict
from hopcheck_server.wire.tasks import cancel


async def run(
    cases: Iterable[Case],
    context: RunContext,
    *,
    jobs: int = 8,
    repeat: int = 1,
    begun: Callable[[Case], None] | None = None,
) -> AsyncGenerator[Verdict, None]:
    """Run cases in the phases that their isolation asks for.

    Args:
        cases: The cases.
        context: What they are run against.
        jobs: How many run at the same time.
        repeat: How often each case is run; what holds in some of the runs only is flaky.
        begun: Called when a case begins.
    """
    try:
        for phase in phases(cases):
            async with aclosing(_run_phase(phase, context, jobs, repeat, begun)) as verdicts:
                async for verdict in verdicts:
                    yield verdict
    finally:
        await cancel(work.task for work in context.shared.values())


def _run_phase(
    phase: Phase, context: RunContext, jobs: int, repeat: int, begun: Callable[[Case], None] | None
) -> AsyncGenerator[Verdict, None]:
    async def work(case: Case) -> Verdict:
        if begun:
            begun(case)
        ran = combined([await run_case(case, context, settle=phase.settles) for _ in range(repeat)])
        return ran.at(context.config.provider)

    return run_pools([ChainPool([[case] for case in phase.shared], jobs), ChainPool([phase.serial], 1)], work)
