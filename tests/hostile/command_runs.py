"""hopcheck's commands on a hostile target, as processes: what they write, how they end, how much memory they take."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import dataclass
from math import inf
from pathlib import Path

from hopcheck_server.chain.processes import free_port
from tests.hostile.fork_server import Running, fork_server
from tests.hostile.targets import HostileTarget
from tests.hostile.victims import KEY, VICTIMS, Follow, Victim

PART = 8
"""This many characters of the key in a row must not be shown."""

ENDS_S = 60
"""The gate's deadline of 10 s and preflight's 15, or what `load` takes at most, twice; waits for a processor aside."""


@dataclass(frozen=True)
class CommandRun:
    """Attributes: code: the exit code; text: all that was written; rss_mib: the most memory that it had."""

    victim: Victim
    code: int
    text: str
    rss_mib: float

    def faults(self) -> list[str]:
        """What must not be, whatever the target does."""
        shown = [KEY[at : at + PART] for at in range(4, len(KEY) - PART + 1)]
        found = {
            f"exit code {self.code}": self.code not in self.victim.codes,
            f"{self.rss_mib:.0f} MiB": self.rss_mib > self.victim.max_rss_mib,
            "no sentence": not re.search(self.victim.sentence, self.text),
            "a traceback": "Traceback" in self.text,
            "a control character": any(code in self.text for code in ("\x1b", "\x07", "\x9b")),
            "the key": any(part in self.text for part in shown),
        }
        return [fault for fault, is_so in found.items() if is_so]


async def run(name: str, behaviour: str, well: int, report: Path, follow: Follow | None = None) -> CommandRun:
    """Run a command on a target that answers `well` requests well; `follow` may do something else than its user."""
    victim = VICTIMS[name]
    provider_port = free_port() if name == "load" else 0
    async with HostileTarget(behaviour, well, provider_port) as url:
        words = victim.words(url, report, provider_port)
        running = fork_server().start(words, {"HOSTILE_KEY": KEY}, report.parent)
        ending = asyncio.create_task(asyncio.to_thread(_followed, running, victim, report, follow or victim.follow))
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


def _followed(running: Running, victim: Victim, report: Path, follow: Follow) -> CommandRun:
    out = b""
    while part := os.read(running.out, 65536):
        out += part
        follow(running, out)
    code, rss_mib = running.wait()
    written = "".join(path.read_text(encoding="utf-8") for path in report.parent.rglob("*") if path.is_file())
    return CommandRun(victim, code, out.decode("utf-8", "replace") + written, rss_mib)
