"""When a stage's figures say something of the hop, and when only of the generator or of the upstream. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DISPATCH_MS = 1.0
DISPATCH_SHARE = 0.1
"""The generator may be late by so much at p99, or by such a part of the quantile that is told, whichever is more."""

CEILING = 2.0
"""Directly, a quantile may be so many times what it was at the lowest rate; beyond that the upstream is full."""

ANSWERED_SHARE = 0.95
"""Less answered of what was due counts as overload: an answer's time says little of the requests that got none."""

NEEDED = 100
"""With fewer requests, how late the latest hundredth went can't be told."""


def dispatch(late_ms: float | None, quantile_ms: float | None) -> str:
    """Why the generator was too late for a quantile to be told, or "".

    Args:
        late_ms: How late requests went, at p99; None if there were too few to tell.
        quantile_ms: The quantile.
    """
    if quantile_ms is None or late_ms is None:
        return ""
    most = max(DISPATCH_MS, DISPATCH_SHARE * quantile_ms)
    if late_ms <= most:
        return ""
    return f"the generator was late by {late_ms:.2f} ms (p99), and may be by {most:.2f} ms"


def punctual(load: Mapping[str, Any], median_ms: float | None) -> bool:
    """Whether a stage's median can be believed: its latest requests may have gone late, if most of them didn't.

    Args:
        load: What the report says of the stage's load.
        median_ms: A hop's median latency there.
    """
    return not dispatch(load["dispatch"]["p50"], median_ms)


def ceiling(direct: Mapping[str, Any], at_rest: Mapping[str, Any]) -> str:
    """Why the upstream was the bottleneck, or "".

    Args:
        direct: The direct arm's quantiles at this stage.
        at_rest: The same at the lowest rate.
    """
    told = [name for name in ("p99", "p90", "p50") if direct.get(name) and at_rest.get(name)]
    if not told or direct[told[0]] <= CEILING * at_rest[told[0]]:
        return ""
    name = told[0]
    return (
        f"directly, {name} rose from {at_rest[name]:.2f} to {direct[name]:.2f} ms: the upstream or the machine is full"
    )


def overload(asked: int, answered: int) -> str:
    """Why too few were answered, or ""."""
    if not asked or answered >= ANSWERED_SHARE * asked:
        return ""
    return f"only {answered / asked:.0%} of the requests were answered well"
