"""A proxy under traffic while the LiteLLM behind it is killed and started again: how every request ended.

Knows no printing: `hopcheck.cli.outage` starts the chain and shows the timeline.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from hopcheck.authoring.contract import contract_violations
from hopcheck.client import Response, SessionOptions, Stream, Target, Untestable
from hopcheck.client.config import TargetConfig
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script

NAME = "outage"
SCRIPT: dict[str, Script] = {NAME: reply.script_of(reply.chat(*["word "] * 6, delay_s=0.1, pace_s=0.05))}
"""The provider answers slowly, so that a request is always in progress."""

READ_TIMEOUT_S = 60.0
"""A request that takes longer counts as hung; a LiteLLM that has just started is slow at first."""

BOUND_S = 2.0
"""How long readiness may lag behind LiteLLM."""

POLL_S = 0.05

ANSWERED, DIRECT, REFUSED, CUT, WRONG = "answered", "direct", "refused", "cut", "wrong"
OUTCOMES = (ANSWERED, DIRECT, REFUSED, CUT, WRONG)
"""Completed by LiteLLM; completed by the direct provider; a proper 503; a stream ended by an error event; else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        at_s: When it was sent, from the beginning of the run.
        took_s: Until its end.
        critical: Whether its model has a direct provider.
        streamed: Whether it asked for a stream.
        outcome: One of OUTCOMES.
        detail: The problem, if the outcome is wrong.
    """

    at_s: float
    took_s: float
    critical: bool
    streamed: bool
    outcome: str
    detail: str = ""


@dataclass
class Timeline:
    """Requests and events, in seconds from the beginning.

    Attributes:
        asked: Every request, as it ended.
        events: `killed`, `unready`, `started`, `back` (LiteLLM is ready), `ready` (the proxy is), once each.
    """

    begun: float = field(default_factory=time.monotonic)
    asked: list[Asked] = field(default_factory=list)
    events: dict[str, float] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begun

    def mark(self, event: str) -> None:
        """Record when an event happened first."""
        self.events.setdefault(event, self.now())

    def lag(self, cause: str, effect: str) -> float | None:
        """Seconds between two events; None if one of them hasn't happened."""
        both = self.events.get(cause), self.events.get(effect)
        return None if both[0] is None or both[1] is None else both[1] - both[0]

    def complaints(self) -> list[str]:
        """A sentence for each problem."""
        wrong = Counter(one.detail for one in self.asked if one.outcome == WRONG)
        problems = [f"{number} requests ended otherwise: {detail}" for detail, number in wrong.items()]
        killed = self.events.get("killed", 0.0)
        unserved = [one for one in self.asked if one.critical and not _was_served(one, killed)]
        if unserved:
            problems.append(f"{len(unserved)} requests for the critical model were not answered")
        for cause, effect in (("killed", "unready"), ("back", "ready")):
            lag_s = self.lag(cause, effect)
            if lag_s is None or lag_s > BOUND_S:
                seen = "never" if lag_s is None else f"{lag_s:.2f} s"
                problems.append(f"LiteLLM was {cause}, and the proxy {effect} {seen} later; allowed are {BOUND_S:g} s")
        return problems


def _was_served(one: Asked, killed_s: float) -> bool:
    # A stream in progress can't be replaced: the client has its beginning already.
    return one.outcome in (ANSWERED, DIRECT) or (one.outcome == CUT and one.streamed and one.at_s <= killed_s)


async def warm(config: TargetConfig) -> None:
    """Send each kind of request once, so that slow first requests don't look like an outage."""
    for number in range(4):
        critical, streamed = bool(number % 2), bool(number // 2)
        await _ask(Timeline(), config, _models(config)[critical], critical=critical, streamed=streamed)


def _models(config: TargetConfig) -> tuple[str, str]:
    return config.models.chat, str(config.declares.direct_fallback)


async def traffic(timeline: Timeline, config: TargetConfig, per_second: float, stop: asyncio.Event) -> None:
    """Send requests at a constant rate until stopped; return when all have ended."""
    begun, running = time.monotonic(), set[asyncio.Task[None]]()
    for number in count():
        critical, streamed = bool(number % 2), bool(number // 2 % 2)
        work = _ask(timeline, config, _models(config)[critical], critical=critical, streamed=streamed)
        running.add(asyncio.create_task(work))
        try:
            async with asyncio.timeout(max(0.0, begun + (number + 1) / per_second - time.monotonic())):
                await stop.wait()
            break
        except TimeoutError:
            continue
    await asyncio.gather(*running)


async def _ask(timeline: Timeline, config: TargetConfig, model: str, *, critical: bool, streamed: bool) -> None:
    target = Target(config, None, SessionOptions(case_id=NAME, read_timeout_s=READ_TIMEOUT_S, expects_limits=True))
    at_s = timeline.now()
    try:
        answer = await (target.chat.stream(model=model) if streamed else target.chat.create(model=model))
        outcome, detail = outcome_of(answer)
    except Untestable as error:
        outcome, detail = WRONG, str(error)
    timeline.asked.append(Asked(at_s, timeline.now() - at_s, critical, streamed, outcome, detail))


def outcome_of(answer: Response) -> tuple[str, str]:
    """How a request ended: one of OUTCOMES, and the problem if it is wrong."""
    if answer.ended != "complete":
        return WRONG, f"{answer.status or 'no answer'}, and then {answer.ended}"
    if answer.status == 200:
        return _of_success(answer)
    complaints = contract_violations("Error", answer.json)
    if answer.status == 503 and not complaints and answer.header("retry-after"):
        return REFUSED, ""
    return WRONG, f"{answer.status} {'; '.join(complaints) or answer.at('error', 'code')}"


def _of_success(answer: Response) -> tuple[str, str]:
    whole = ANSWERED if answer.header("x-llm-proxy-fallback") is None else DIRECT
    if not isinstance(answer, Stream):
        complaints = contract_violations("ChatCompletion", answer.json)
        return (WRONG, f"200 {'; '.join(complaints)}") if complaints else (whole, "")
    if answer.data[-1:] == ["[DONE]"]:
        return whole, ""
    return (CUT, "") if answer.error else (WRONG, "a stream without an end")


async def watch_health(
    timeline: Timeline, status: Callable[[], Awaitable[int | None]], wanted: dict[str, bool]
) -> None:
    """Poll a health status, and mark each event in turn when the status becomes 200, or another."""
    for event, is_well in wanted.items():
        while True:
            if ((await status()) == 200) is is_well:
                break
            await asyncio.sleep(POLL_S)  # as an orchestrator polls
        timeline.mark(event)
