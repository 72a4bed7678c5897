"""Plays examples of an earlier run: one case for each operation that the files are about."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from hopcheck.authoring.findings import Findings
from hopcheck.client import Target
from hopcheck.engine.context import RunContext
from hopcheck.fuzz.checks import judge
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.fuzz_cases import fuzz_case
from hopcheck.fuzz.operations import OPERATIONS
from hopcheck.fuzz.player import play


class SavedExamples:
    """Cases that play given examples, each once.

    Attributes:
        cases: One for each operation.
    """

    def __init__(self, examples: Mapping[str, Example]) -> None:
        """Choose the cases.

        Args:
            examples: By the name that findings give them.
        """
        self._examples = examples
        about = {example.operation for example in examples.values()}
        self.cases = [
            fuzz_case(operation, partial(self._play, operation.id))
            for operation in OPERATIONS.values()
            if operation.id in about
        ]

    def begin(self, context: RunContext, secrets: Sequence[str], stopped: asyncio.Event) -> RunContext:
        """Take what a run gives; no example is played once `stopped` is set."""
        self._context, self._secrets, self._stopped = context, secrets, stopped
        return context

    async def _play(self, operation_id: str, target: Target) -> Findings:
        chosen = {name: one for name, one in self._examples.items() if one.operation == operation_id}
        for name, example in chosen.items():
            if self._stopped.is_set():
                return
            played = await play(example, target, self._context.control)
            # The invariants are judged by the engine, as these are a case's own exchanges.
            for finding in judge(played, self._context.config, self._secrets):
                alone = len(chosen) == 1
                yield finding if alone else replace(finding, check=f"{finding.check} ({name})")
