"""Searches one target: hypothesis runs in a thread of its own, the target is asked in the event loop.

Importing this module needs the extra `fuzz`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from hopcheck.authoring.findings import Finding
from hopcheck.client import SessionOptions, Target
from hopcheck.engine.context import RunContext
from hopcheck.fuzz.checks import judge
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.fuzz_cases import fuzz_case
from hopcheck.fuzz.generation.examples import examples
from hopcheck.fuzz.invariants import invariant_finding
from hopcheck.fuzz.operations import OPERATIONS, FuzzedOperation
from hopcheck.fuzz.player import play
from hopcheck.fuzz.search import SearchBounds, SearchResult, search


async def search_target(
    operation: FuzzedOperation,
    context: RunContext,
    secrets: Sequence[str],
    bounds: SearchBounds,
    stopped: asyncio.Event,
    progress: Callable[[int], None],
) -> SearchResult:
    """Search for requests of one operation that a target doesn't serve correctly.

    Args:
        operation: What to ask for.
        context: The target.
        secrets: Keys that no response may show.
        bounds: How far to go.
        stopped: Once it is set, the search ends with what it has found.
        progress: Called with the number of examples played so far, from another thread.
    """
    player = _ThreadedPlayer(context, secrets, asyncio.get_running_loop())
    strategy = examples(operation.id, context.config)
    work = asyncio.ensure_future(asyncio.to_thread(search, strategy, player.judge, bounds, progress))
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        bounds.stopped.set()
        player.cancel()
    return await work


class _ThreadedPlayer:
    """Plays examples for a search, which runs in another thread than the event loop."""

    def __init__(self, context: RunContext, secrets: Sequence[str], loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._secrets = secrets
        self._loop = loop
        self._current: Future[list[Finding]] | None = None

    def judge(self, example: Example) -> list[Finding]:
        """Play an example and wait for its findings; called by the search's thread."""
        self._current = asyncio.run_coroutine_threadsafe(self._judged(example), self._loop)
        return self._current.result()

    def cancel(self) -> None:
        """Cancel the example that is being played."""
        if self._current is not None:
            self._current.cancel()

    async def _judged(self, example: Example) -> list[Finding]:
        context = self._context
        options = SessionOptions(case_id=example.operation, read_timeout_s=context.read_timeout_s, pace=context.pace)
        target = Target(context.config, context.control, options)
        try:
            found = judge(await play(example, target, context.control), context.config, self._secrets)
            return [*found, await invariant_finding(fuzz_case(OPERATIONS[example.operation]), target, context)]
        finally:
            if context.control is not None:
                for answer in target.responses:
                    await context.control.forget(answer.marker)
