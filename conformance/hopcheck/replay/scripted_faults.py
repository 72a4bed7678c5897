"""Runs a case with its own script in LiteLLM's place: how the proxy copes when LiteLLM itself fails as a provider does.

LiteLLM absorbs many faults of a provider, so cassettes don't hold them. Where a case is about a provider that can't be
reached, nothing listens in LiteLLM's place. The result is one more finding of the case,
and what did not hold on the exchanges of that run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.authoring.isolation import Isolation
from hopcheck.client import Target, Untestable
from hopcheck.client.config import Declares
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.replay.scripted_backend import scripted_nonces
from hopcheck.replay.server import ReplayServer
from hopcheck.report.run_summary import SCRIPTED
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.script.turns import Delivery, Turn

LITELLM_DECLARATIONS = (
    "retries",
    "fallback",
    "rate_limit",
    "concurrency_limit",
    "timeout_s",
    "timeout_model",
    "unreachable",
    "model_map",
)
"""Declarations of a proxy in front of LiteLLM that LiteLLM fulfils: they don't hold with a script in its place."""

WITHOUT_FALLBACK = frozenset({"fallback.all-fail", "fallback.not-on-client-error", "fallback.stream-mid"})
"""Cases about fallbacks that require only what holds without one: a failure is reported as a failure."""

RECOVERY_S = 10.0
"""How long a proxy may take to notice that LiteLLM is there again."""


def without_litellm(declares: Declares, own: Mapping[str, Any]) -> Declares:
    """The declarations that hold without LiteLLM behind the proxy: LiteLLM's own are replaced by those in `own`."""
    nothing = Declares()
    return replace(declares, **{name: own.get(name, getattr(nothing, name)) for name in LITELLM_DECLARATIONS})


class ScriptedRuns:
    """Runs cases on the same proxy with their own scripts in LiteLLM's place."""

    def __init__(self, server: ReplayServer, own: Mapping[str, Any]) -> None:
        """Run cases on a server with a scripted backend; `own` is what the proxy itself declares."""
        assert server.scripted_backend is not None
        self._server = server
        self._control = LocalControl(server.scripted_backend)
        self._own = own

    async def findings(self, case: Case, target: Target) -> list[Finding | Occurrence]:
        """The finding of a case, and what did not hold on its exchanges; nothing if it can't be run this way."""
        if not is_applicable(case):
            return []
        verdict = await self._verdict(case, target)
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            return []
        found = replace(expect(SCRIPTED, _failures(verdict), equals=[]), level=_level(case, verdict))
        return [found, *(replace(one, exchange=None) for one in verdict.occurrences)]

    async def _verdict(self, case: Case, target: Target) -> Verdict:
        own = {**self._own, "fallback": target.declares.fallback} if case.id in WITHOUT_FALLBACK else self._own
        declares = without_litellm(target.config.declares, own)
        if not needs_unreachable(case):
            return await self._run(case, target, declares)
        async with self._server.away():
            verdict = await self._run(case, target, replace(declares, unreachable=target.models.chat))
        if not await target.recovered(within_s=RECOVERY_S):
            raise Untestable("the target did not notice that LiteLLM is there again")
        return verdict

    async def _run(self, case: Case, target: Target, declares: Declares) -> Verdict:
        config = replace(target.config, declares=declares)
        context = RunContext(config, self._control, read_timeout_s=target.read_timeout_s, nonces=scripted_nonces)
        return await run_case(case, context, settle=case.isolation is Isolation.COOLDOWN)


def is_applicable(case: Case) -> bool:
    """Whether a case's provider does anything that LiteLLM may hide from the proxy, without taking long."""
    turns = [turn for script in case.scripts.values() for turn in script.all_turns]
    long = case.floods or (case.reads_clock and any(turn.delivery != Delivery() for turn in turns))
    return needs_unreachable(case) or (case.scripted and any(map(_is_unusual, turns)) and not long)


def needs_unreachable(case: Case) -> bool:
    """Whether a case is about an unreachable provider; it must run alone, since nothing listens meanwhile."""
    return "unreachable" in case.needs


def _is_unusual(turn: Turn) -> bool:
    """Whether the turn is more than a plain response."""
    completion = turn.completion
    unusual = completion is not None and bool(completion.extra or completion.usage_on_last_content)
    literal = any(part is not None for part in (turn.body, turn.events, turn.error))
    return literal or unusual or turn.status != 200 or turn.delivery != Delivery()


def _failures(verdict: Verdict) -> list[dict[str, Any]]:
    """The findings that failed, and the reason if the case couldn't be judged."""
    failed = [{"finding": one.check, "expected": one.expected, "actual": one.actual} for one in verdict.failed]
    untested = verdict.outcome in (Outcome.UNTESTABLE, Outcome.BROKEN)
    return [*failed, {str(verdict.outcome): verdict.reason}] if untested else failed


def _level(case: Case, verdict: Verdict) -> Level:
    """The most binding level of what failed."""
    if verdict.outcome in (Outcome.UNTESTABLE, Outcome.BROKEN):
        return Level.MUST
    levels = {one.level or case.level for one in verdict.failed} or {case.level}
    return next(level for level in Level if level in levels)
