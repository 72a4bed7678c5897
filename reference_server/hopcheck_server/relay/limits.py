"""Limits on requests: on their number in a window of time, and on those in flight."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass


@dataclass(slots=True)
class RateWindow:
    """A window of time, which its first request opens.

    Attributes:
        opened_s: CLOCK_MONOTONIC seconds.
        used: The number of requests that it has admitted.
    """

    opened_s: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision of a limit on one request, with the figures for the response's headers."""

    admitted: bool
    limit: int
    remaining: int
    reset_s: float

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Make the usual headers, with Retry-After for a refusal."""
        headers = (
            ("x-ratelimit-limit-requests", str(self.limit)),
            ("x-ratelimit-remaining-requests", str(self.remaining)),
            ("x-ratelimit-reset-requests", f"{self.reset_s:.3f}s"),
        )
        wait_s = max(1, math.ceil(self.reset_s))
        return headers if self.admitted else (*headers, ("Retry-After", str(wait_s)))


class RelayLimits:
    """The limits of one relay: rate windows by client key and model, and the requests in flight by model."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], RateWindow] = {}
        self.in_flight: Counter[str] = Counter()

    def admit(self, key: str, model: str, requests: int, window_s: float) -> Admission:
        """Count one request, if the current window has room for it."""
        now = time.monotonic()
        window = self._windows.get((key, model))
        if window is None or now - window.opened_s >= window_s:
            window = self._windows[(key, model)] = RateWindow(now)
        admitted = window.used < requests
        window.used += admitted
        return Admission(admitted, requests, requests - window.used, max(0.0, window.opened_s + window_s - now))
