"""The fuzz cases of one run: each searches for a request that its operation's requirement doesn't survive.

They are cases like any other to the engine, and so their findings land in the same report. Knows no files and no
printing; the command writes what was found.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from hopcheck.authoring.findings import Finding, Findings, Level
from hopcheck.authoring.registry import Case, CaseFunction
from hopcheck.client import Target, Untestable
from hopcheck.engine.run import RunContext
from hopcheck.fuzz.example import FOLDER, file_name
from hopcheck.fuzz.operations import OWN, SEARCHES, WALK, WELL, Operation
from hopcheck.fuzz.player import play
from hopcheck_server.upstream.script.turns import Script

if TYPE_CHECKING:
    from hopcheck.fuzz.search import Bounds, Found, Result
    from hopcheck.fuzz.sequence import Strayed

READ_TIMEOUT_S = 10.0
"""How long an answer may take: many are asked for, and none of them is large."""

WELL_WITHIN_S = 30.0
"""How long a target may take to be well again after a step of a walk: LiteLLM rests a provider for seconds."""

_OWED = {WELL: "the answer to a healthy request", OWN: "its own words alone"}

Told = Callable[[str, int, int], None]
"""Is told how far a case is: its id, how many examples it has played, of how many."""


@dataclass(frozen=True)
class Amount:
    """How much is tried.

    Attributes:
        examples: For the largest operation; the others get their share.
        seed: The same seed makes the same examples.
        within_s: All operations together may take so long, in seconds; None sets no limit.
        first_only: Each operation ends with the first kind of failure.
    """

    examples: int
    seed: int = 1
    within_s: float | None = None
    first_only: bool = False

    def of(self, operation: Operation) -> int:
        """How many examples an operation gets."""
        return max(1, round(self.examples * operation.share))


async def nowhere(_target: Target) -> Findings:
    """The function of a case that only a session can run."""
    raise NotImplementedError("this case belongs to a session")
    yield


def fuzz_case(operation: Operation, function: CaseFunction = nowhere) -> Case:
    """An operation as a case."""
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
    """Everything that is searched as a case, by id, to be listed and looked up."""
    return {operation.id: fuzz_case(operation) for operation in SEARCHES.values()}


class Fuzzing:
    """Searches.

    Attributes:
        cases: One for each operation.
        found: The smallest failing examples so far.
        told: Is told how far it is.
        seed: See `Amount`.
    """

    def __init__(self, operations: Iterable[Operation], amount: Amount) -> None:
        """Nothing is begun.

        Raises:
            ModuleNotFoundError: The extra `fuzz` isn't installed.
        """
        import hopcheck.fuzz.generation  # noqa: F401 - now, or in the middle of a run

        self._operations = list(operations)
        self._amount = amount
        self.seed = amount.seed
        self.told: Told = lambda _case_id, _played, _total: None
        self.cases = [
            fuzz_case(one, partial(self._walk if one is WALK else self._examine, one)) for one in self._operations
        ]
        self.found: list[Found] = []

    def begin(self, setting: RunContext, secrets: Sequence[str], stopped: asyncio.Event) -> RunContext:
        """Get ready; once `stopped`, the case that is running ends with what it has found."""
        self._setting = replace(setting, read_timeout_s=min(setting.read_timeout_s, READ_TIMEOUT_S))
        self._secrets, self._stopped = secrets, stopped
        self._begun, self._shares_left = time.monotonic(), sum(one.share for one in self._operations)
        return self._setting

    async def _examine(self, operation: Operation, target: Target) -> Findings:
        """Search; then play what was found once more, for the report to show."""
        result = await self._search(operation)
        self.found += result.found.values()
        target.notes += self._notes(operation, result)
        if not self._stopped.is_set():
            for found in result.found.values():
                await play(found.example, target, self._setting.control)
        if result.error is not None and not result.found:
            raise result.error
        if not result.played:
            raise Untestable(f"no example was played: {result.cut_short}")
        for check, level in operation.checks.items():
            if check in result.found:
                yield result.found[check].finding
            elif check in result.held:
                yield Finding(check, True, "of every example", f"held for {result.held[check]:,}", Level(level))

    async def _walk(self, operation: Operation, target: Target) -> Findings:
        """Walk; what a walk that fails shows is one of its checks, and nothing is known of the others then."""
        from hopcheck.fuzz.sequence_search import Walks, walk

        total, control, made = self._amount.of(operation), self._setting.control, 0
        assert control is not None  # it needs both sides

        def told(walks: int) -> None:
            nonlocal made
            made = walks
            self.told(operation.id, made, total)

        self.told(operation.id, 0, total)
        within_s, walks = self._time_for(operation), Walks(total, seed=self.seed, grace_s=WELL_WITHIN_S)
        strayed = await walk(self._setting, control, walks, stopped=self._stopped, within_s=within_s, told=told)
        target.notes += self._story(made, total, strayed)
        if strayed:
            yield Finding(strayed.check, False, _OWED[strayed.check], strayed.said, Level.MUST)
        elif made:
            for check, level in operation.checks.items():
                yield Finding(check, True, "of every walk", f"held for {made:,}", Level(level))
        else:
            raise Untestable(f"no walk was made: {self._cut_short}")

    @property
    def _cut_short(self) -> str:
        return "stopped" if self._stopped.is_set() else "the time is over"

    def _story(self, made: int, total: int, strayed: Strayed | None) -> Iterator[str]:
        ended = " until one failed" if strayed else f"; {self._cut_short}" if made < total else ""
        yield f"{made:,} walks (of {total:,}, seed {self.seed}){ended}"
        if strayed:
            yield f"the walk that failed: {'; '.join(strayed.steps) or 'no step at all'}"

    async def _search(self, operation: Operation) -> Result:
        from hopcheck.fuzz.exploration import explore

        total = self._amount.of(operation)
        self.told(operation.id, 0, total)

        def told(played: int) -> None:
            self.told(operation.id, played, total)

        return await explore(operation, self._setting, self._secrets, self._bounds(operation), self._stopped, told)

    def _bounds(self, operation: Operation) -> Bounds:
        """As many examples as the operation is due, and its time."""
        from hopcheck.fuzz.search import Bounds

        within_s = self._time_for(operation)
        ends_at = None if within_s is None else time.monotonic() + within_s
        return Bounds(
            self._amount.of(operation), self._amount.seed, ends_at, threading.Event(), self._amount.first_only
        )

    def _time_for(self, operation: Operation) -> float | None:
        """An operation's share of the time that is left, in seconds; to be asked for once."""
        if self._amount.within_s is None:
            return None
        left_s = max(0.0, self._begun + self._amount.within_s - time.monotonic())
        share = operation.share / self._shares_left
        self._shares_left -= operation.share
        return left_s * share

    def _notes(self, operation: Operation, result: Result) -> Iterator[str]:
        total, seed = self._amount.of(operation), self._amount.seed
        ended = f"; {result.cut_short}" if result.cut_short else ""
        failed = f" until one failed, {result.played:,} to make it small" if result.found else ""
        yield f"{result.made:,} examples (of {total:,}, seed {seed}){failed}{ended}"
        for check, found in result.found.items():
            yield f"{check}: `hopcheck gate --example {FOLDER}/{file_name(found.example)}`"
