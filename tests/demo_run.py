"""One run of `hopcheck demo`, as a new user runs it, for all tests that judge what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hopcheck_server.chain.litellm import DEFAULT_VERSION

CRASHED = f"LiteLLM {DEFAULT_VERSION} was ended by signal"
"""The message about a crash of LiteLLM's interpreter (a segmentation fault), which happens rarely."""
READ_TIMEOUT_S = 840


@dataclass(frozen=True)
class DemoRun:
    """How the demo ended, and the folder of its reports."""

    ended: subprocess.CompletedProcess[str]
    folder: Path

    def report(self, name: str) -> dict[str, Any]:
        """The report on `litellm` or on `reference`."""
        loaded: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return loaded


def run_demo(first: Path, second: Path) -> DemoRun:
    """Run the demo in the first folder; if LiteLLM crashes, once more in the second."""
    done = _run(first)
    if CRASHED not in done.ended.stderr:
        return done
    assert done.ended.returncode == 3
    return _run(second)


def _run(folder: Path) -> DemoRun:
    words = [sys.executable, "-m", "hopcheck", "demo", "--output", str(folder)]
    return DemoRun(subprocess.run(words, capture_output=True, text=True, timeout=READ_TIMEOUT_S), folder)
