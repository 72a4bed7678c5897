"""Cases that are run one after another when all others have ended, such as property tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from hopcheck.authoring.case import Case
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Verdict


class SequentialCases(Protocol):
    """Cases that share more than a target, and what they share."""

    @property
    def cases(self) -> Sequence[Case]:
        """The cases, in their order."""

    def begin(self, context: RunContext, secrets: Sequence[str], stopped: asyncio.Event) -> RunContext:
        """Prepare for the first case.

        Args:
            context: What the other cases were run against.
            secrets: Keys that no response may show.
            stopped: Once it is set, a case that is running ends soon, with its findings so far.

        Returns:
            What these cases are to be run against.
        """


async def run_sequentially(
    sequential: SequentialCases,
    context: RunContext,
    secrets: Sequence[str],
    stopped: asyncio.Event,
    begun: Callable[[Case], None],
) -> AsyncIterator[Verdict]:
    """Run the cases, and yield each verdict; none is cancelled, since they end by themselves.

    A case that was stopped before its first finding has no verdict.
    """
    context = sequential.begin(context, secrets, stopped)
    for case in sequential.cases:
        if stopped.is_set():
            return
        begun(case)
        verdict = await run_case(case, context)
        if verdict.findings or not stopped.is_set():
            yield verdict
