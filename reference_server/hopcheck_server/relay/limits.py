"""Request limits: so many in a window, so many at once."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass


@dataclass(slots=True)
class RateWindow:
    """A window that its first request opens.

    Attributes:
        opened_s: CLOCK_MONOTONIC seconds.
        used: Requests admitted in it.
    """

    opened_s: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """What a limit says of one request: whether it passes, and the figures that headers tell."""

    admitted: bool
    limit: int
    remaining: int
    reset_s: float

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The usual headers; Retry-After with a refusal."""
        told = (
            ("x-ratelimit-limit-requests", str(self.limit)),
            ("x-ratelimit-remaining-requests", str(self.remaining)),
            ("x-ratelimit-reset-requests", f"{self.reset_s:.3f}s"),
        )
        wait = max(1, math.ceil(self.reset_s))
        return told if self.admitted else (*told, ("Retry-After", str(wait)))


class RelayLimits:
    """Counts per client key and model."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._windows: dict[tuple[str, str], RateWindow] = {}
        self.in_flight: Counter[str] = Counter()

    def admit(self, key: str, model: str, requests: int, window_s: float) -> Admission:
        """Count one request, if there is room for it in the current window."""
        now = time.monotonic()
        window = self._windows.get((key, model))
        if window is None or now - window.opened_s >= window_s:
            window = self._windows[(key, model)] = RateWindow(now)
        admitted = window.used < requests
        window.used += admitted
        return Admission(admitted, requests, requests - window.used, max(0.0, window.opened_s + window_s - now))
