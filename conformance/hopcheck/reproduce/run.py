"""Runs the case of a failure alone against its target."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from hopcheck.authoring.case import Case
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Verdict
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.report.redaction import secrets_of
from hopcheck.reproduce.failure import Answer, ReportedFailure
from hopcheck_server.redaction import SecretRedactor


@dataclass(frozen=True)
class Reproduction:
    """What came of asking again.

    Attributes:
        failure: What failed in the report.
        verdict: The new verdict.
        redactor: Knows the keys that must not be shown.
    """

    failure: ReportedFailure
    verdict: Verdict
    redactor: SecretRedactor

    @property
    def answer(self) -> Answer:
        """Whether it fails again."""
        return self.failure.answered_by(self.verdict)


async def reproduce(
    attempts: Sequence[tuple[ReportedFailure, Case, GateOptions]], context: RunContext, stopped: asyncio.Event
) -> Reproduction | None:
    """Ask again, until one of the failures shows.

    Args:
        attempts: Failures, each with its case and the options of a run of that case alone.
        context: The target, with the upstream behind it.
        stopped: Ends it.

    Returns:
        The first one that fails again, else the last one; None when it was interrupted.

    Raises:
        Unfit: The target can't be tested.
    """
    last = None
    for failure, _, options in attempts:
        result = await gate(options, stopped, lambda *_: None, nullcontext(context))
        if result.interrupted or not result.verdicts:
            return None
        redactor = SecretRedactor(secrets_of(options.config, (result.provider_key,)))
        last = Reproduction(failure, result.verdicts[0], redactor)
        if last.answer is Answer.AGAIN:
            break
    return last
