"""The gate and the load measurement on hostile targets: they end, in little memory, with a sentence and no key."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hopcheck_server.chain.processes import free_port
from tests.hostile.targets import BEHAVIOURS, HostileTarget

KEY = "sk-canary-7f3aQ91bZx0LmK22"
MAX_RSS_MIB = 300
ENDS_S = 100  # the gate's deadline of 10 s, preflight's 15 s, and starting Python on a busy machine
SAMPLE = ("endless body", "deep arrays", "lone surrogates", "a gzip bomb", "echoes keys", "a drip of a header")
PROGRESS = re.compile(rb"^\d+/\d+", re.MULTILINE)


@dataclass(frozen=True)
class CommandRun:
    """Attributes: code: the exit code; text: all that was written; rss_mib: the most memory that it had."""

    code: int
    text: str
    rss_mib: float


def command(name: str, url: str, report: Path) -> list[str]:
    python = [sys.executable, "-m", "hopcheck", name]
    if name == "load":
        provider = ["--upstream-port", str(free_port())]
        return [*python, f"{url},HOSTILE_KEY", "--quick", *provider, "--json", str(report)]
    bounds = ["--one-sided", "--deadline", "10", "--jobs", "8"]
    return [*python, url, *bounds, "--api-key-env", "HOSTILE_KEY", "--json", str(report)]


async def run(name: str, behaviour: str, well: int, report: Path, *, interrupted: bool = False) -> CommandRun:
    async with HostileTarget(behaviour, well) as url:
        process = subprocess.Popen(  # noqa: ASYNC220 - its memory is asked for when it is waited for
            command(name, url, report),
            env={**os.environ, "HOSTILE_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(ENDS_S):
                return await asyncio.to_thread(_followed, process, report, interrupted)
        finally:
            process.kill()


def _followed(process: subprocess.Popen[bytes], report: Path, interrupted: bool) -> CommandRun:
    """Read what it writes, interrupt it with its first progress if asked to, and wait for its end."""
    assert process.stdout is not None
    out = b""
    while part := os.read(process.stdout.fileno(), 65536):
        out += part
        if interrupted and PROGRESS.search(out):
            process.send_signal(signal.SIGINT)
            interrupted = False
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    written = report.read_text(encoding="utf-8") if report.exists() else ""
    return CommandRun(process.returncode, out.decode("utf-8", "replace") + written, usage.ru_maxrss / 1024)


def check(name: str, behaviour: str, well: int, report: Path) -> None:
    seen = asyncio.run(run(name, behaviour, well, report))
    assert seen.code in (1, 3), seen.text[-2000:]
    assert seen.rss_mib <= MAX_RSS_MIB
    assert "bug of hopcheck" not in seen.text
    assert not [KEY[at : at + 8] for at in range(4, len(KEY) - 7) if KEY[at : at + 8] in seen.text]


@pytest.mark.hostile
@pytest.mark.parametrize("well", [0, 1])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_gate_ends_on_every_hostile_target(behaviour: str, well: int, tmp_path: Path) -> None:
    check("gate", behaviour, well, tmp_path / "report.json")


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_load_measurement_ends_on_every_hostile_target(behaviour: str, tmp_path: Path) -> None:
    check("load", behaviour, 0, tmp_path / "report.json")


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", SAMPLE)
def test_an_interrupt_ends_with_a_report(behaviour: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    seen = asyncio.run(run("gate", behaviour, 1, report, interrupted=True))
    assert seen.code in (1, 3, 130)  # it may have been through just then
    assert json.loads(report.read_text(encoding="utf-8"))["cases"]
