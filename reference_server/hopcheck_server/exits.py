"""What a command's exit code means, everywhere, and the way to stop with one sentence."""

from __future__ import annotations

HOLDS = 0
DOES_NOT_HOLD = 1
USAGE = 2
UNTESTABLE = 3
HOPCHECK_FAILED = 4
INTERRUPTED = 130


class Stop(Exception):
    """End with one sentence on stderr, and an exit code."""

    def __init__(self, code: int, sentence: str) -> None:
        """Say why."""
        super().__init__(sentence)
        self.code = code
