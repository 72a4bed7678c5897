"""How a proxy copes when LiteLLM itself fails as the provider of a case does.

LiteLLM absorbs much of what a provider gets wrong, so a cassette holds none of it. Here the case is run once more with its
own script in LiteLLM's seat, or with nobody there, and what it then finds is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hopcheck.authoring.findings import Finding, Level, Outcome, Verdict, expect
from hopcheck.authoring.registry import Case
from hopcheck.client import Target, Untestable
from hopcheck.client.config import Declares
from hopcheck.engine.run import RunContext, run_case
from hopcheck.replay.scripted_backend import seat_nonces
from hopcheck.replay.server import ReplayServer
from hopcheck.report.build import SCRIPTED
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.script.turns import Delivery, Script, Turn

LITELLMS = ("fallback", "rate_limit", "concurrency_limit", "timeout_s", "timeout_model", "unreachable", "model_map")
"""What a proxy in front of LiteLLM declares and LiteLLM does: with a script in LiteLLM's seat, nobody does it."""

_HEARD = frozenset({Outcome.CONFORMS, Outcome.NOT_APPLICABLE})


WITHOUT_FALLBACK = frozenset({"fallback.all-fail", "fallback.not-on-client-error", "fallback.stream-mid"})
"""Cases about fallbacks that ask nothing but what is owed where none is taken: a failure that is told as what it is."""

BACK_S = 10.0
"""How long a proxy may take to notice that LiteLLM is there again."""


def in_seat(declares: Declares, own: Mapping[str, Any]) -> Declares:
    """What is left of a declaration when LiteLLM is not behind the proxy: without what is LiteLLM's, but for `own`."""
    nothing = Declares()
    return replace(declares, **{name: own.get(name, getattr(nothing, name)) for name in LITELLMS})


class ScriptedRuns:
    """Runs cases on the same proxy with their own scripts in LiteLLM's seat."""

    def __init__(self, server: ReplayServer, own: Mapping[str, Any]) -> None:
        """The server has a seat; the proxy declares `own` of itself, whether or not LiteLLM does that, too."""
        assert server.seat is not None
        self._server = server
        self._control = LocalControl(server.seat)
        self._own = own

    async def finding(self, case: Case, target: Target) -> Finding | None:
        """What came of a case, if it can be asked so at all."""
        if not is_asked(case):
            return None
        verdict = await self._verdict(case, target)
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            return None
        return replace(expect(SCRIPTED, _broken(verdict), equals=[]), level=_level(case, verdict))

    async def _verdict(self, case: Case, target: Target) -> Verdict:
        own = {**self._own, "fallback": target.declares.fallback} if case.id in WITHOUT_FALLBACK else self._own
        declares = in_seat(target.config.declares, own)
        if not needs_nobody(case):
            return await self._asked(case, target, declares)
        async with self._server.away():
            verdict = await self._asked(case, target, replace(declares, unreachable=target.models.chat))
        if not await target.recovered(within_s=BACK_S):
            raise Untestable("the target did not notice that LiteLLM is there again")
        return verdict

    async def _asked(self, case: Case, target: Target, declares: Declares) -> Verdict:
        config = replace(target.config, declares=declares)
        setting = RunContext(config, self._control, read_timeout_s=target.read_timeout_s, nonces=seat_nonces)
        return await run_case(case, setting, settle="cooldown" in case.needs)


def is_asked(case: Case) -> bool:
    """Whether a case's provider does anything that LiteLLM may keep from the proxy, and takes no time to."""
    turns = [turn for script in case.scripts.values() for turn in _turns(script)]
    long = "heavy" in case.needs or ("timing" in case.needs and any(turn.delivery != Delivery() for turn in turns))
    return needs_nobody(case) or (case.scripted and any(map(_is_odd, turns)) and not long)


def needs_nobody(case: Case) -> bool:
    """Whether a case is about a provider that isn't there; while nobody is in LiteLLM's seat, no other can be asked."""
    return "unreachable" in case.needs


def _turns(script: Script) -> Iterator[Turn]:
    for turns in (script.turns, script.backup, *script.by_model.values(), *script.by_key.values()):
        yield from turns


def _is_odd(turn: Turn) -> bool:
    """Whether it is more than a plain answer."""
    said = turn.completion
    unusual = said is not None and bool(said.extra or said.usage_on_last_content)
    literal = turn.body is not None or turn.events is not None
    return literal or unusual or turn.status != 200 or turn.delivery != Delivery()


def _broken(verdict: Verdict) -> list[dict[str, Any]]:
    """What doesn't hold, and why it can't be said if it can't."""
    told = [{"finding": one.check, "expected": one.expected, "actual": one.actual} for one in verdict.failed]
    unheard = verdict.outcome in (Outcome.UNTESTABLE, Outcome.BROKEN)
    return [*told, {str(verdict.outcome): verdict.reason}] if unheard else told


def _level(case: Case, verdict: Verdict) -> Level:
    """As binding as the most binding of what failed."""
    if verdict.outcome in (Outcome.UNTESTABLE, Outcome.BROKEN):
        return Level.MUST
    levels = {one.level or case.level for one in verdict.failed} or {case.level}
    return next(level for level in Level if level in levels)
