"""How fast a run may ask a target that limits its rate.

Nothing is held back until the target refuses a request because of a limit of its own. Then the run waits, as long as
the target says (Retry-After) or until it is let through again, and from what passed in that time it knows the rate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

SHARE = 0.85
"""The share of the rate which a target takes that is asked for."""

FIRST_PAUSE_S, MAX_PAUSE_S = 0.3, 60.0
"""How long a run waits after a refusal, in seconds: doubled while it is refused, and never longer than the latter."""

GROWTH, GROWS_AFTER = 1.1, 40
"""The pace grows by that factor when this many requests in a row have passed."""


class Pace:
    """The pace of a run: one object, shared by all its cases.

    Attributes:
        rate: Requests a second that are let go; None while there is no limit.
        refusals: How often the target refused.
        waited_s: Seconds that requests were held back, all of them together.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate: float | None = None
        self.refusals = 0
        self.waited_s = 0.0
        self._clock = clock
        self._next = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._resting = self._trying = False
        self._began = clock()
        self._passed = 0

    async def admit(self) -> None:
        """Wait until the next request may be sent."""
        while wait_s := self.reserve():
            self.waited_s += wait_s
            await asyncio.sleep(wait_s)  # the target's limit is a time

    def reserve(self) -> float:
        """Take the next place if it is free now; else returns in how many seconds to try again."""
        now = self._clock()
        if now < self._next:
            return self._next - now
        if self._resting:  # one request tries whether the rest is over; the others wait for what it shows
            self._trying, self._next = True, now + self._pause_s
        elif self.rate:
            self._next = now + 1 / self.rate
        return 0.0

    def passed(self) -> None:
        """Note that a request wasn't refused."""
        if self._resting:
            self._resume()
        self._passed += 1
        if self.rate and self._passed % GROWS_AFTER == 0:
            self.rate *= GROWTH

    def refused(self, retry_after_s: float | None = None) -> None:
        """Note that the target has refused a request because of a limit of its own.

        Args:
            retry_after_s: The time that it named, in seconds.
        """
        now = self._clock()
        self.refusals += 1
        if self._resting and not self._trying:
            return  # it was on its way together with the one that was refused before
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S) if self._resting else FIRST_PAUSE_S
        if retry_after_s is not None:
            self._pause_s = min(retry_after_s, MAX_PAUSE_S)
        self._resting, self._trying = True, False
        self._next = now + self._pause_s

    def _resume(self) -> None:
        """Work out the rate: what passed between two times at which the target let requests through again."""
        now = self._clock()
        self._resting = self._trying = False
        taken = max(self._passed, 1) / max(now - self._began, 1.0) * SHARE
        self.rate = min(taken, self.rate) if self.rate else taken
        self._began, self._passed = now, 0
        self._next = now + 1 / self.rate

    def note(self) -> str:
        """What the report says of it; "" while nothing was held back."""
        if not self.refusals:
            return ""
        pace = f", and was asked at most {self.rate:.3g} times a second from then on" if self.rate else ""
        return f"the target limits its rate: it refused {self.refusals} requests{pace}"
