"""Runs cases against a target, and yields each verdict as it is made.

Knows no files, no printing and no test framework.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain

from hopcheck.authoring.case import Case
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.repetition import combined
from hopcheck.engine.scheduler import ChainPool, Phase, phases, run_pools
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck_server.wire.tasks import cancel


@dataclass(frozen=True, slots=True)
class CasesOfProvider:
    """Cases, and the context in which they are run: it names the provider whose models are asked."""

    cases: Iterable[Case]
    context: RunContext

    def phases(self) -> Iterator[Phase]:
        """The phases in which the cases are run."""
        return phases(self.cases, rests=self.context.config.declares.rests)


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
    parts = [CasesOfProvider(cases, context)]
    async with aclosing(run_providers(parts, jobs=jobs, repeat=repeat, begun=begun)) as verdicts:
        async for verdict in verdicts:
            yield verdict


async def run_providers(
    parts: Sequence[CasesOfProvider],
    *,
    jobs: int = 8,
    repeat: int = 1,
    begun: Callable[[Case], None] | None = None,
) -> AsyncGenerator[Verdict, None]:
    """Run cases with the models of several providers: each phase of all of them, before the next one (see `run`).

    Where cases run one after another because gateways rest a provider that fails, each provider has its own turn.
    """
    try:
        for stage in zip(*(part.phases() for part in parts), strict=True):
            works = [(phase, part.context) for phase, part in zip(stage, parts, strict=True)]
            async with aclosing(_run_stage(works, jobs, repeat, begun)) as verdicts:
                async for verdict in verdicts:
                    yield verdict
    finally:
        await cancel(work.task for part in parts for work in part.context.shared.values())


def _run_stage(
    works: Sequence[tuple[Phase, RunContext]], jobs: int, repeat: int, begun: Callable[[Case], None] | None
) -> AsyncGenerator[Verdict, None]:
    settles = any(phase.settles for phase, _ in works)

    async def work(step: tuple[Case, RunContext]) -> Verdict:
        case, context = step
        if begun:
            begun(case)
        ran = combined([await _asked(case, context, settle=settles) for _ in range(repeat)])
        return ran.at(context.config.provider)

    shared = [[(case, context)] for phase, context in works for case in phase.shared]
    serial = [[(case, context) for case in phase.serial] for phase, context in works]
    chains = serial if settles else [[*chain.from_iterable(serial)]]
    return run_pools([ChainPool(shared, jobs), ChainPool(chains, len(chains))], work)


async def _asked(case: Case, context: RunContext, *, settle: bool) -> Verdict:
    """Run a case; once more if it failed while hopcheck itself was held up, since that says nothing of the target.

    With fixed nonces, answers are recordings, which are played once.
    """
    verdict = await run_case(case, context, settle=settle)
    is_in_doubt = verdict.outcome is Outcome.UNTESTABLE and bool(verdict.held_up) and context.nonces is None
    return await run_case(case, context, settle=settle) if is_in_doubt else verdict
