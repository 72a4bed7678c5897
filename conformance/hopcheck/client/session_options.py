"""For which case a session asks its target, and how patiently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hopcheck.client.pacing.pace import Pace

RECOVERY_S = 30.0
"""How long a target may take to come out of a cooldown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """For which case a session asks its target, and how patiently.

    Attributes:
        case_id: The case; it stands in markers.
        operation: The operation that the case is run on; it stands in markers.
        nonces: Yields a nonce for each request; None makes random ones.
        read_timeout_s: How long the target may be silent before its response counts as hung.
        recovery_s: How long the target may take to come out of a cooldown.
        expects_limits: Whether a 429 of the target's own is what the case is about, so that it isn't asked again.
        expects_outage: The same of a 503.
        floods: Whether the case floods the target, and so doesn't apply to one that limits its rate.
        pace: The run's pace; None asks as fast as the case does, and takes every refusal as it is.
    """

    case_id: str = "hopcheck"
    operation: str = "chat"
    nonces: Iterator[str] | None = None
    read_timeout_s: float = 30.0
    recovery_s: float = RECOVERY_S
    expects_limits: bool = False
    expects_outage: bool = False
    floods: bool = False
    pace: Pace | None = None


DEFAULT_OPTIONS = SessionOptions()
