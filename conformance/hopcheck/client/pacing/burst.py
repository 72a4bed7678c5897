"""One burst over a declared rate limit, shared by every case of a run that asks about that limit.

A window may be a minute long, and by the calendar; so it is used once, and everything about it is read off one burst:
the first request opens the window, the others follow at once, one more than the limit allows and one to spare.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from hopcheck.client.pacing.limit_headers import limit_and_rest
from hopcheck.client.responses import Response, Untestable
from hopcheck.client.session import TargetSession
from hopcheck.client.surfaces import Chat

BEYOND = 2
"""Requests over the limit."""

MARGIN_S = 0.1
"""After a window's length, until it is surely over."""

TRIES = 3
"""Bursts, until one lies within a window."""

CALENDAR_S = 10.0
"""Windows from this length on may turn with the clock; nobody counts shorter ones so."""

HEADROOM_S = 3.0
"""What must be left of a calendar window when a burst begins."""


@dataclass
class Burst:
    """What came of it.

    Attributes:
        model: The limited model.
        allowed: Requests that the limit allows in one window.
        window_s: The window's length, in seconds.
        responses: To the burst's requests, in the order of their sending.
        reached: How many upstream attempts each marker made.
        other_key: The response to another client's request, sent while the window was used up; None without its key.
        opened_s: When the first request was sent, CLOCK_MONOTONIC seconds.
        denied_at_s: When the head of the last response was there.
    """

    model: str
    allowed: int
    window_s: float
    responses: list[Response] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)
    other_key: Response | None = None
    opened_s: float = 0.0
    denied_at_s: float = 0.0

    limit_and_rest = staticmethod(limit_and_rest)

    @property
    def admitted(self) -> list[Response]:
        """Those that were answered with 200."""
        return [response for response in self.responses if response.status == 200]

    @property
    def denied(self) -> list[Response]:
        """Those that were not."""
        return [response for response in self.responses if response.status != 200]

    async def status_after(self, session: TargetSession) -> int | None:
        """Wait as long as the refusals say, or until the window is over, and ask once more.

        Returns:
            The status.
        """
        wait_s = min((_announced_wait_s(response, self.window_s) for response in self.denied), default=self.window_s)
        left_s = self.denied_at_s + wait_s + MARGIN_S - time.monotonic()
        if left_s > 0:
            session.notes.append(f"waited {left_s:.1f} s for the rate limit to recover")
            await asyncio.sleep(left_s)  # the wait that the refusal asks for
        return (await Chat(session).create(model=self.model)).status


async def burst_over(session: TargetSession, model: str, allowed: int, window_s: float) -> Burst:
    """Send a burst over a model's limit, within one window that it opened itself.

    Raises:
        Untestable: The window is still used up after its length has passed.
    """
    for tried in range(TRIES):
        await _clear_of_turn(session, window_s)
        await session.admit_together(allowed + BEYOND + bool(session.config.second_api_key))
        burst = Burst(model, allowed, window_s, opened_s=time.monotonic())
        opened_at_s = time.time()
        first = await Chat(session).create(model=model)
        if first.status == 429 and not await session.seen(first):
            await _wait(session, _announced_wait_s(first, window_s))
            continue
        if not tried and _was_used_before(first, allowed):
            await _wait(session, window_s)
            continue
        asked = (Chat(session).stream, Chat(session).create)  # a limit is one of all requests
        rest = [asked[place % 2](model=model) for place in range(allowed - 1 + BEYOND)]
        burst.responses = [first, *await asyncio.gather(*rest)]
        # The head says whether a request was let in; a stream goes on, however slow it is.
        burst.denied_at_s = max(response.head_at_ns for response in burst.responses) / 1e9 or time.monotonic()
        if session.config.second_api_key:
            burst.other_key = await Chat(session).create(model=model, key=session.config.second_api_key)
        burst.reached = {response.marker: len(await session.seen(response)) for response in burst.responses}
        if _within_one(window_s, opened_at_s, burst.denied_at_s - burst.opened_s):
            return burst
        await _wait(session, window_s)
    raise Untestable(f"no window of {model} was free for a burst of {allowed + BEYOND} requests")


def _was_used_before(first: Response, allowed: int) -> bool:
    """Whether a window's first response says that it isn't: the run before may have used it, too.

    That is believed once: who always says so is judged by the next burst.
    """
    _, rest = limit_and_rest(first)
    return first.status == 200 and rest is not None and rest.isdecimal() and int(rest) < allowed - 1


def _within_one(window_s: float, opened_at_s: float, took_s: float) -> bool:
    """Whether a burst lies within one window, whether windows open with a request or turn with the clock."""
    turned = window_s >= CALENDAR_S and opened_at_s // window_s != (opened_at_s + took_s) // window_s
    return not turned and took_s < 0.9 * window_s


def _announced_wait_s(refusal: Response, window_s: float) -> float:
    """How long a refusal says to wait, at most a window."""
    announced_s = refusal.retry_after_s
    return window_s if announced_s is None else min(max(announced_s, 0.0), window_s)


async def _clear_of_turn(session: TargetSession, window_s: float) -> None:
    left_s = window_s - time.time() % window_s
    if window_s >= CALENDAR_S and left_s < HEADROOM_S:
        await _wait(session, left_s)


async def _wait(session: TargetSession, seconds: float) -> None:
    """Wait for a fresh window: nothing announces one."""
    session.notes.append(f"waited {seconds:.1f} s for a fresh window of the rate limit")
    await asyncio.sleep(seconds + MARGIN_S)
