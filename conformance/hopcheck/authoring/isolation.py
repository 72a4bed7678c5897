"""How a case must be run, so that it doesn't disturb others and isn't disturbed by them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

IsolationName = Literal["shared", "rate_window", "paced", "exclusive", "cooldown", "recovery"]


class Isolation(StrEnum):
    """The ways to run a case; the order is that of a run's phases."""

    SHARED = "shared"
    """At the same time as other cases."""

    RATE_WINDOW = "rate_window"
    """One after another with other cases that use up a limit, while shared cases run."""

    PACED = "paced"
    """At the same time as other such cases, and no others: it reads the clock, and waits more than it asks."""

    EXCLUSIVE = "exclusive"
    """While no other case runs: it reads the clock, or it floods the target."""

    COOLDOWN = "cooldown"
    """Alone, and late: it can make a proxy rest its provider. It begins once the target answers a healthy request."""

    RECOVERY = "recovery"
    """Alone, and last: it waits until the window of a limit has ended."""
