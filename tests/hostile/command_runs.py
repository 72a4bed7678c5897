"""hopcheck's commands on a hostile target, as processes: what they write, how they end, how much memory they take."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from hopcheck_server.chain.processes import free_port
from tests.hostile.fork_server import Running, fork_server
from tests.hostile.targets import HostileTarget

KEY = "sk-canary-7f3aQ91bZx0LmK22"
PART = 8
"""This many characters of the key in a row must not be shown."""

MAX_RSS_MIB = 300
ENDS_S = 60
"""The gate's deadline of 10 s and preflight's 15, or what `load` takes at most, twice; waits for a processor aside."""

Follow = Callable[[Running, bytes], None]
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
    """The words of a command on a hostile target."""
    if name == "load":
        return [name, f"{url},HOSTILE_KEY", "--quick", "--upstream-port", str(provider_port), "--json", str(report)]
    bounds = ["--one-sided", "--deadline", "10", "--jobs", "8"]
    return [name, url, *bounds, "--api-key-env", "HOSTILE_KEY", "--json", str(report)]


def watch_only(_process: Running, _written: bytes) -> None:
    """Do nothing about what a process writes."""


async def run(name: str, behaviour: str, well: int, report: Path, follow: Follow = watch_only) -> CommandRun:
    """Run a command on a target that answers `well` requests well."""
    provider_port = free_port() if name == "load" else 0
    async with HostileTarget(behaviour, well, provider_port) as url:
        running = fork_server().start(command(name, url, report, provider_port), {"HOSTILE_KEY": KEY})
        ending = asyncio.create_task(asyncio.to_thread(_followed, running, report, follow))
        begun_s = time.monotonic()
        while not ending.done():
            await asyncio.wait({ending}, timeout=1)
            if time.monotonic() - begun_s - _held_up_s(running.pid) > ENDS_S:
                running.kill()
                break
        return await ending


def _held_up_s(pid: int) -> float:
    """How long a command's process, and that of its target, were ready to run and waited for a processor.

    Infinite for one that has ended: what it has written is still to be read.
    """
    try:
        waits_ns = [int(Path(f"/proc/{one}/schedstat").read_text().split()[1]) for one in (pid, "self")]
    except FileNotFoundError:
        return inf
    return sum(waits_ns) / 1e9


def _followed(running: Running, report: Path, follow: Follow) -> CommandRun:
    out = b""
    while part := os.read(running.out, 65536):
        out += part
        follow(running, out)
    code, rss_mib = running.wait()
    written = report.read_text(encoding="utf-8") if report.exists() else ""
    return CommandRun(code, out.decode("utf-8", "replace") + written, rss_mib)
