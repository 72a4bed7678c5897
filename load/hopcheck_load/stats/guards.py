"""When a stage's figures are about the hop, and when only about the generator or the upstream. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_DISPATCH_MS = 1.0
MAX_DISPATCH_SHARE = 0.1
"""The generator may be late by this time at p99, or by this share of the reported quantile, whichever is more."""

MAX_DIRECT_FACTOR = 2.0
"""A direct quantile may be this multiple of what it was at the lowest rate; beyond that the upstream is saturated."""

MIN_ANSWERED_SHARE = 0.95
"""A hop that answers less of what was due is overloaded: the latency of its responses hides the missing ones."""

MIN_DISPATCHED = 100
"""With fewer requests, the p99 of the generator's lateness is unknown."""


def late_generator(late_ms: float | None, quantile_ms: float | None) -> str:
    """Return why the generator was too late for a quantile to be valid, or "".

    Args:
        late_ms: The p99 of the generator's lateness; None if there were too few requests.
        quantile_ms: The quantile.
    """
    if quantile_ms is None or late_ms is None:
        return ""
    most_ms = max(MAX_DISPATCH_MS, MAX_DISPATCH_SHARE * quantile_ms)
    if late_ms <= most_ms:
        return ""
    return f"the generator was late by {late_ms:.2f} ms (p99), and may be by {most_ms:.2f} ms"


def saturated_upstream(direct: Mapping[str, Any], at_rest: Mapping[str, Any]) -> str:
    """Return why the upstream was the bottleneck, or "".

    Args:
        direct: The direct arm's quantiles at this stage.
        at_rest: The same at the lowest rate.
    """
    known = (name for name in ("p99", "p90", "p50") if direct.get(name) and at_rest.get(name))
    name = next(known, "")
    if not name or direct[name] <= MAX_DIRECT_FACTOR * at_rest[name]:
        return ""
    return (
        f"directly, {name} rose from {at_rest[name]:.2f} to {direct[name]:.2f} ms: the upstream or the machine is full"
    )


def overload(asked: int, answered: int) -> str:
    """Return why a hop counts as overloaded, or ""."""
    if not asked or answered >= MIN_ANSWERED_SHARE * asked:
        return ""
    return f"only {answered / asked:.0%} of the requests were answered well"
