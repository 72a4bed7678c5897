"""One gate run: preflight, then the cases.

Knows no printing and no files; `hopcheck.cli.gate` and `hopcheck.cli.demo` show and write what it finds.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from hopcheck.authoring.case import Case
from hopcheck.client import load_sdk
from hopcheck.engine.context import RunContext
from hopcheck.engine.loop_watchdog import LoopWatchdog
from hopcheck.engine.run import CasesOfProvider, run_providers
from hopcheck.engine.sequential_cases import run_sequentially
from hopcheck.engine.verdict import Verdict
from hopcheck.engine.wire_contracts import load_contracts
from hopcheck.gate.backend import run_context
from hopcheck.gate.bounds import RunBounds
from hopcheck.gate.options import GateOptions
from hopcheck.gate.preflight import PREFLIGHT_TIMEOUT_S, PreflightResult, examine
from hopcheck.gate.suggestions import Suggestion, with_assumptions
from hopcheck.gate.unfit import Unfit
from hopcheck.report.redaction import secrets_of
from hopcheck_server.redaction import SecretRedactor
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.responses import ConnectFailed
from hopcheck_server.wire.tasks import unless

Watch = Callable[[str, Verdict | None], None]
"""Called with each case's key: with None when the case begins, with its verdict when it ends."""


@dataclass
class GateResult:
    """The verdicts of a gate run.

    Attributes:
        started: When the run began.
        verdicts: As far as the run got.
        interrupted: Whether somebody stopped it.
        ended_early: Why it ended before its cases were through; "" if it didn't.
        notes: What the report says of the run as a whole.
        duration_s: Wall time.
        provider_key: The provider's key that arrived at the upstream; kept out of reports.
        suggestions: What preflight suggests to declare; the run assumed it.
    """

    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    verdicts: list[Verdict] = field(default_factory=list)
    interrupted: bool = False
    ended_early: str = ""
    notes: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    provider_key: str = ""
    suggestions: tuple[Suggestion, ...] = ()


async def gate(
    options: GateOptions,
    stopped: asyncio.Event,
    watch: Watch,
    backend: AbstractAsyncContextManager[RunContext] | None = None,
) -> GateResult:
    """Judge a target.

    Args:
        options: What to do.
        stopped: When it is set, the run ends with the verdicts made so far.
        watch: Follows the progress.
        backend: What stands behind the target; None takes the upstream that the options name.

    Raises:
        Unfit: The target, or the upstream, can't be tested.
    """
    begun = time.monotonic()
    async with backend or run_context(options) as context:
        result = await _Gate(options, context, stopped, watch).run()
    result.duration_s = time.monotonic() - begun
    return result


class _Gate:
    """A gate run with its target and its upstream."""

    def __init__(self, options: GateOptions, context: RunContext, stopped: asyncio.Event, watch: Watch) -> None:
        self._options = options
        self._context = context
        self._stopped = stopped
        self._watch = watch
        self._result = GateResult()
        self._bounds = RunBounds(options.deadline_s)

    async def run(self) -> GateResult:
        """Run preflight and the cases.

        Raises:
            Unfit: The target can't be tested.
        """
        result, options = self._result, self._options
        await unless(self._stopped, _wait_for_listener(options.config.base_url, options.wait_s))
        timeout_s = min(options.read_timeout_s, PREFLIGHT_TIMEOUT_S)
        preflight = await unless(self._stopped, self._examine(self._context, timeout_s))
        if preflight is None:
            result.interrupted = True
            return result
        result.provider_key = preflight.provider_key
        result.suggestions = preflight.suggestions
        config = with_assumptions(self._context.config, list(preflight.suggestions))
        self._context = replace(self._context, config=config)
        if not await self._reach_providers(timeout_s):
            return result
        load_sdk()
        load_contracts(config.declares)
        self._bounds.begin()
        async with LoopWatchdog() as watchdog:
            self._context = replace(self._context, watchdog=watchdog)
            await self._run_cases()
            if not self._is_over:
                await self._run_sequential_cases()
        if self._context.pace and (note := self._context.pace.note()):
            result.notes.append(note)
        return result

    async def _examine(self, context: RunContext, timeout_s: float) -> PreflightResult:
        try:
            return await examine(context, timeout_s)
        except Unfit as unfit:  # the sentence may quote what the target echoed
            raise Unfit(SecretRedactor(secrets_of(self._context.config)).text(str(unfit))) from None

    @property
    def _is_over(self) -> bool:
        result, options = self._result, self._options
        fails = options.fail_fast and any(map(options.fails, result.verdicts))
        return bool(result.ended_early) or result.interrupted or fails

    def _contexts(self) -> list[RunContext]:
        """One for each provider that is asked; without any, the target's own.

        Floods are about the gateway, which is the same for all of them: so each provider has its part of them.
        """
        providers = self._options.providers
        flood = self._context.flood / max(1, len(providers))
        return [replace(self._context.behind(name), flood=flood) for name in providers] or [self._context]

    async def _reach_providers(self, timeout_s: float) -> bool:
        """Ask each provider's model once; false if the run was stopped meanwhile.

        Raises:
            Unfit: One can't be reached.
        """
        for context in self._contexts() if self._options.providers else ():
            if await unless(self._stopped, self._examine(context, timeout_s)) is None:
                self._result.interrupted = True
                return False
        return True

    async def _run_cases(self) -> None:
        options = self._options
        parts = [CasesOfProvider(options.cases_on(one.config.provider), one) for one in self._contexts()]
        verdicts = run_providers(parts, jobs=options.jobs, repeat=options.repeat, begun=self._begin)
        try:
            while (verdict := await self._next_of(verdicts)) is not None:
                self._add(verdict)
                self._bounds.note(verdict)
                if self._bounds.reached or (self._options.fail_fast and self._options.fails(verdict)):
                    break
            self._result.interrupted = self._stopped.is_set()
            self._result.ended_early = self._bounds.reached
        finally:
            await verdicts.aclose()

    async def _next_of(self, verdicts: AsyncGenerator[Verdict, None]) -> Verdict | None:
        """The next verdict; None at the end, when the run was stopped, or where a bound in time was reached."""
        try:
            async with asyncio.timeout(self._bounds.left_s) as bound:
                return await unless(self._stopped, _next(verdicts))
        except TimeoutError:
            if not bound.expired():
                raise
            self._bounds.run_out()
            return None

    async def _run_sequential_cases(self) -> None:
        sequential, config = self._options.sequential, self._options.config
        if sequential is None:
            return
        secrets = (config.api_key, config.second_api_key, self._result.provider_key)
        async for verdict in run_sequentially(sequential, self._context, secrets, self._stopped, self._begin):
            self._add(verdict)
        self._result.interrupted = self._stopped.is_set()

    def _begin(self, case: Case) -> None:
        self._watch(case.key, None)

    def _add(self, verdict: Verdict) -> None:
        self._result.verdicts.append(verdict)
        self._watch(verdict.key, verdict)


async def _wait_for_listener(base_url: str, wait_s: float) -> None:
    """Wait until something listens there, at most `wait_s`; preflight reports it if nothing does."""
    deadline_s = time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        try:
            connection = await Origin.of(base_url).connect(timeout_s=1.0)
        except ConnectFailed:
            await asyncio.sleep(0.2)  # a server that starts announces nothing
        else:
            connection.close()
            return


async def _next(verdicts: AsyncGenerator[Verdict, None]) -> Verdict | None:
    return await anext(verdicts, None)
