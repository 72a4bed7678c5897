"""Exit codes, and the way to stop with one sentence: the same in every package."""

from __future__ import annotations

from hopcheck_server.exits import DOES_NOT_HOLD, HOLDS, HOPCHECK_FAILED, INTERRUPTED, UNTESTABLE, USAGE, Stop

__all__ = ["DOES_NOT_HOLD", "HOLDS", "HOPCHECK_FAILED", "INTERRUPTED", "UNTESTABLE", "USAGE", "Stop"]
