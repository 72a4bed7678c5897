"""Cases that share more than a target, such as those that search: what a run asks of them, and how it runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from hopcheck.authoring.findings import Verdict
from hopcheck.authoring.registry import Case
from hopcheck.engine.run import RunContext, run_case


class Session(Protocol):
    """Cases that are run one after another when all others are done."""

    @property
    def cases(self) -> Sequence[Case]:
        """In their order."""

    def begin(self, setting: RunContext, secrets: Sequence[str], stopped: asyncio.Event) -> RunContext:
        """Get ready.

        Args:
            setting: Against what they will be run.
            secrets: Keys that no answer may show.
            stopped: Once it is set, a case that is running ends soon, with what it has learnt.

        Returns:
            What they are to be run against.
        """


async def hold(
    session: Session, setting: RunContext, secrets: Sequence[str], stopped: asyncio.Event, begun: Callable[[Case], None]
) -> AsyncIterator[Verdict]:
    """Run a session's cases, and yield each verdict; none is cancelled, since they end by themselves.

    A case that was stopped before it found out anything has no verdict.
    """
    setting = session.begin(setting, secrets, stopped)
    for case in session.cases:
        if stopped.is_set():
            return
        begun(case)
        verdict = await run_case(case, setting)
        if verdict.findings or not stopped.is_set():
            yield verdict
