"""How fast recorded time passes."""

from __future__ import annotations

import math


def scale_of(timing: str) -> float:
    """How long a recorded second lasts, in seconds.

    Args:
        timing: `recorded`, `instant` or `scaled:X`, where 2 is twice as slow and 0.5 twice as fast.

    Raises:
        ValueError: It is none of these.
    """
    how, _, factor = timing.partition(":")
    if not factor and how in ("recorded", "instant"):
        return 1.0 if how == "recorded" else 0.0
    try:
        scale = float(factor) if how == "scaled" else math.nan
    except ValueError:
        scale = math.nan
    if not 0 <= scale < math.inf:
        raise ValueError(f"timing is recorded, instant or scaled:X with a number that isn't negative, not {timing!r}")
    return scale
