"""hopcheck's commands on a hostile target, as processes: what they write, how they end, how much memory they take."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hopcheck_server.chain.processes import free_port
from tests.hostile.targets import HostileTarget

KEY = "sk-canary-7f3aQ91bZx0LmK22"
PART = 8
"""This many characters of the key in a row must not be shown."""

MAX_RSS_MIB = 300
ENDS_S = 100
"""The gate's deadline of 10 s and preflight's 15, or what `load` takes at most; the rest is for a busy machine."""

Follow = Callable[[subprocess.Popen[bytes], bytes], None]
"""Is called with a process whenever it has written something, and all that it wrote."""


@dataclass(frozen=True)
class CommandRun:
    """Attributes: code: the exit code; text: all that was written; rss_mib: the most memory that it had."""

    code: int
    text: str
    rss_mib: float

    def faults(self) -> list[str]:
        """What must not be, whatever the target does."""
        shown = [KEY[at : at + PART] for at in range(4, len(KEY) - PART + 1)]
        found = {
            f"exit code {self.code}": self.code not in (1, 3),
            f"{self.rss_mib:.0f} MiB": self.rss_mib > MAX_RSS_MIB,
            "no sentence": "hopcheck: " not in self.text and '"schema"' not in self.text,
            "a traceback": "Traceback" in self.text,
            "a control character": any(code in self.text for code in ("\x1b", "\x07", "\x9b")),
            "the key": any(part in self.text for part in shown),
        }
        return [fault for fault, is_so in found.items() if is_so]


def command(name: str, url: str, report: Path, provider_port: int) -> list[str]:
    python = [sys.executable, "-m", "hopcheck", name]
    if name == "load":
        return [*python, f"{url},HOSTILE_KEY", "--quick", "--upstream-port", str(provider_port), "--json", str(report)]
    bounds = ["--one-sided", "--deadline", "10", "--jobs", "8"]
    return [*python, url, *bounds, "--api-key-env", "HOSTILE_KEY", "--json", str(report)]


def watch_only(_process: subprocess.Popen[bytes], _written: bytes) -> None:
    """Do nothing about what a process writes."""


async def run(name: str, behaviour: str, well: int, report: Path, follow: Follow = watch_only) -> CommandRun:
    """Run a command on a target that answers `well` requests well."""
    provider_port = free_port() if name == "load" else 0
    async with HostileTarget(behaviour, well, provider_port) as url:
        process = subprocess.Popen(  # noqa: ASYNC220 - its memory is asked for when it is waited for
            command(name, url, report, provider_port),
            env={**os.environ, "HOSTILE_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(ENDS_S):
                return await asyncio.to_thread(_followed, process, report, follow)
        finally:
            process.kill()


def _followed(process: subprocess.Popen[bytes], report: Path, follow: Follow) -> CommandRun:
    assert process.stdout is not None
    out = b""
    while part := os.read(process.stdout.fileno(), 65536):
        out += part
        follow(process, out)
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    written = report.read_text(encoding="utf-8") if report.exists() else ""
    return CommandRun(process.returncode, out.decode("utf-8", "replace") + written, usage.ru_maxrss / 1024)
