"""Finds the rate that a target takes: additive increase and multiplicative decrease, as in TCP's congestion control."""

from __future__ import annotations

DECREASE = 0.8
"""The rate is multiplied by that when a request is refused."""

INCREASE = 0.0005
"""What the first request that the rate held back adds to it after a refusal: a share of the rate."""

ACCELERATION = 1.04
"""What is added is multiplied by that from one request to the next: a rate that is far too low is soon left."""


class RateControl:
    """The rate at which a target that limits it is asked.

    Attributes:
        per_s: Requests a second; None until the first estimate.
    """

    def __init__(self) -> None:
        self.per_s: float | None = None
        self._step = 0.0

    def estimate(self, requests: int, seconds: float) -> None:
        """Begin with what passed in some seconds, at least 1."""
        self._set(max(requests, 1) / max(seconds, 1.0))

    def decrease(self) -> None:
        """Note that the rate was too high."""
        if self.per_s is not None:
            self._set(self.per_s * DECREASE)

    def increase(self) -> None:
        """Note that a request had to wait for its turn: more are wanted than the rate lets go."""
        if self.per_s is not None:
            self.per_s += self._step
            self._step *= ACCELERATION

    def _set(self, per_s: float) -> None:
        self.per_s = per_s
        self._step = per_s * INCREASE
