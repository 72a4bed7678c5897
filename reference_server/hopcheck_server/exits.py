"""The exit codes of every command, and the exception that ends one with a sentence."""

from __future__ import annotations

HOLDS = 0
DOES_NOT_HOLD = 1
USAGE = 2
UNTESTABLE = 3
HOPCHECK_FAILED = 4
INTERRUPTED = 130


class Stop(Exception):
    """Ends a command with one sentence on stderr and an exit code."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
