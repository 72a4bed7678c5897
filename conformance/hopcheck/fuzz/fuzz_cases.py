"""The fuzz cases of one run: each searches for a request that breaks its operation's requirement.

The engine runs them like any other case, so their findings are in the same report. Knows no files and no printing; the
command writes the failing examples.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from hopcheck.authoring.case import Case, CaseFunction
from hopcheck.authoring.findings import Finding, Findings, Level
from hopcheck.client import Target, Untestable
from hopcheck.engine.context import RunContext
from hopcheck.fuzz.example import FOLDER, file_name
from hopcheck.fuzz.operations import INVARIANTS, RECOVERY, SEARCHES, SEPARATION, SEQUENCES, FuzzedOperation
from hopcheck.fuzz.player import play
from hopcheck_server.upstream.script.turns import Script

if TYPE_CHECKING:
    from hopcheck.fuzz.search import FailingExample, SearchBounds, SearchResult
    from hopcheck.fuzz.sequences.checked_requests import SequenceFailure

READ_TIMEOUT_S = 10.0
"""How long a response may take: there are many requests, and no response is large."""

RECOVERY_TIME_S = 30.0
"""How long a target may take to recover after a step of a sequence: LiteLLM's cooldown takes seconds."""

_EXPECTED = {
    RECOVERY: "the answer to a healthy request",
    SEPARATION: "its own words alone",
    INVARIANTS: "every invariant holds",
}

Progress = Callable[[str, int, int], None]
"""Called with a case's id, how many examples it has played, and of how many."""


@dataclass(frozen=True)
class ExampleBudget:
    """How many examples are tried, and for how long.

    Attributes:
        examples: For the largest operation; the others get their share.
        seed: The same seed makes the same examples.
        within_s: The time limit of all operations together, in seconds; None sets no limit.
        first_only: Whether each operation ends with the first check that failed.
    """

    examples: int
    seed: int = 1
    within_s: float | None = None
    first_only: bool = False

    def examples_of(self, operation: FuzzedOperation) -> int:
        """How many examples an operation gets."""
        return max(1, round(self.examples * operation.share))


async def not_runnable(_target: Target) -> Findings:
    """The function of a case that only a search can run."""
    raise NotImplementedError("this case runs with --fuzz only")
    yield


def fuzz_case(operation: FuzzedOperation, function: CaseFunction = not_runnable) -> Case:
    """The case of an operation."""
    return Case(
        id=operation.id,
        level=Level.MUST,
        requirement=operation.requirement,
        function=function,
        refs=("openai-compatible.yaml",),
        needs=operation.needs,
        scripts={"": Script()},
    )


def all_fuzz_cases() -> dict[str, Case]:
    """All fuzz cases by id, for lists."""
    return {operation.id: fuzz_case(operation) for operation in SEARCHES.values()}


class FuzzSearches:
    """Searches some operations, one case each.

    Attributes:
        cases: One for each operation.
        found: The smallest failing examples so far.
        progress: Called as the search goes on.
        seed: The seed of the budget.
    """

    def __init__(self, operations: Iterable[FuzzedOperation], budget: ExampleBudget) -> None:
        """Make the cases.

        Raises:
            ModuleNotFoundError: The extra `fuzz` isn't installed.
        """
        import hopcheck.fuzz.generation.examples  # noqa: F401 - now, or in the middle of a run

        self._operations = list(operations)
        self._budget = budget
        self.seed = budget.seed
        self.progress: Progress = lambda _case_id, _played, _total: None
        self.cases = [
            fuzz_case(one, partial(self._run_sequences if one is SEQUENCES else self._run_examples, one))
            for one in self._operations
        ]
        self.found: list[FailingExample] = []

    def begin(self, context: RunContext, secrets: Sequence[str], stopped: asyncio.Event) -> RunContext:
        """Take what a run gives; once `stopped` is set, the running case ends with what it has found."""
        self._context = replace(context, read_timeout_s=min(context.read_timeout_s, READ_TIMEOUT_S))
        self._secrets, self._stopped = secrets, stopped
        self._begun, self._shares_left = time.monotonic(), sum(one.share for one in self._operations)
        return self._context

    async def _run_examples(self, operation: FuzzedOperation, target: Target) -> Findings:
        """Search; then play each failing example once more, for the report to show."""
        result = await self._search(operation)
        self.found += result.found.values()
        target.notes += self._notes(operation, result)
        if not self._stopped.is_set():
            for found in result.found.values():
                await play(found.example, target, self._context.control)
        if result.error is not None and not result.found:
            raise result.error
        if not result.played:
            raise Untestable(f"no example was played: {result.cut_short}")
        for check, level in operation.checks.items():
            if check in result.found:
                yield result.found[check].finding
            elif check in result.held:
                yield Finding(check, True, "of every example", f"held for {result.held[check]:,}", Level(level))

    async def _run_sequences(self, operation: FuzzedOperation, target: Target) -> Findings:
        """Run sequences; one that fails breaks one check, and the other checks are unknown then."""
        from hopcheck.fuzz.sequences.search import SequenceTests, run_sequences

        total, control, made = self._budget.examples_of(operation), self._context.control, 0
        assert control is not None  # it needs both two_sides

        def progress(completed: int) -> None:
            nonlocal made
            made = completed
            self.progress(operation.id, made, total)

        self.progress(operation.id, 0, total)
        tests = SequenceTests(total, seed=self.seed, grace_s=RECOVERY_TIME_S)
        failure = await run_sequences(
            self._context,
            control,
            tests,
            stopped=self._stopped,
            within_s=self._time_for(operation),
            progress=progress,
        )
        target.notes += self._sequence_notes(made, total, failure)
        if failure:
            yield Finding(failure.check, False, _EXPECTED[failure.check], failure.problem, Level.MUST)
        elif made:
            for check, level in operation.checks.items():
                yield Finding(check, True, "of every sequence", f"held for {made:,}", Level(level))
        else:
            raise Untestable(f"no sequence was completed: {self._cut_short}")

    @property
    def _cut_short(self) -> str:
        return "stopped" if self._stopped.is_set() else "the time is over"

    def _sequence_notes(self, made: int, total: int, failure: SequenceFailure | None) -> Iterator[str]:
        ended = " until one failed" if failure else f"; {self._cut_short}" if made < total else ""
        yield f"{made:,} sequences (of {total:,}, seed {self.seed}){ended}"
        if failure:
            yield f"the sequence that failed: {'; '.join(failure.steps) or 'no step at all'}"

    async def _search(self, operation: FuzzedOperation) -> SearchResult:
        from hopcheck.fuzz.target_search import search_target

        total = self._budget.examples_of(operation)
        self.progress(operation.id, 0, total)

        def progress(played: int) -> None:
            self.progress(operation.id, played, total)

        bounds = self._bounds(operation)
        return await search_target(operation, self._context, self._secrets, bounds, self._stopped, progress)

    def _bounds(self, operation: FuzzedOperation) -> SearchBounds:
        """The operation's number of examples, and its time."""
        from hopcheck.fuzz.search import SearchBounds

        within_s = self._time_for(operation)
        ends_at = None if within_s is None else time.monotonic() + within_s
        return SearchBounds(
            self._budget.examples_of(operation), self._budget.seed, ends_at, threading.Event(), self._budget.first_only
        )

    def _time_for(self, operation: FuzzedOperation) -> float | None:
        """An operation's share of the remaining time, in seconds; call it once for each operation."""
        if self._budget.within_s is None:
            return None
        left_s = max(0.0, self._begun + self._budget.within_s - time.monotonic())
        share = operation.share / self._shares_left
        self._shares_left -= operation.share
        return left_s * share

    def _notes(self, operation: FuzzedOperation, result: SearchResult) -> Iterator[str]:
        total, seed = self._budget.examples_of(operation), self._budget.seed
        ended = f"; {result.cut_short}" if result.cut_short else ""
        failed = f" until one failed, {result.played:,} to make it small" if result.found else ""
        yield f"{result.made:,} examples (of {total:,}, seed {seed}){failed}{ended}"
        for check, found in result.found.items():
            yield f"{check}: `hopcheck gate --example {FOLDER}/{file_name(found.example)}`"
