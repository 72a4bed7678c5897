"""The gate and the load measurement on hostile targets: they end, in little memory, with a sentence and no key."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.targets import BEHAVIOURS, HostileTarget

KEY = "sk-canary-7f3aQ91bZx0LmK22"
MAX_RSS_MIB = 300
ENDS_S = 100  # the gate's deadline of 10 s, preflight's 15 s, and starting Python on a busy machine
EXITS = {"gate": {1, 3}, "load": {1, 3}}
SAMPLE = ("endless body", "deep arrays", "lone surrogates", "a gzip bomb", "echoes keys", "a drip of a header")


@dataclass(frozen=True)
class Run:
    """Attributes: code: the exit code; text: all that was written; rss_mib: the most memory that it had."""

    code: int
    text: str
    rss_mib: float


def command(name: str, url: str, report: Path) -> list[str]:
    python = [sys.executable, "-m", "hopcheck"]
    if name == "load":
        return [*python, "load", f"{url},HOSTILE_KEY", "--quick", "--json", str(report)]
    return [*python, "gate", url, "--one-sided", "--deadline", "10", "--api-key-env", "HOSTILE_KEY", "--json", str(report)]


async def run(name: str, behaviour: str, well: int, *, interrupt_s: float | None = None) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        async with HostileTarget(behaviour, well) as url:
            process = subprocess.Popen(  # noqa: ASYNC220
                command(name, url, report),
                env={**os.environ, "HOSTILE_KEY": KEY},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                async with asyncio.timeout(ENDS_S):
                    if interrupt_s is not None:
                        await asyncio.sleep(interrupt_s)  # a random moment is what is tried
                        process.send_signal(signal.SIGINT)
                    out, _ = await asyncio.to_thread(_communicate, process)
            finally:
                process.kill()
        written = report.read_text() if report.exists() else ""
        return Run(process.returncode, out + written, _peak(out))


def _communicate(process: subprocess.Popen[bytes]) -> tuple[str, None]:
    assert process.stdout is not None
    out = process.stdout.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return f"{out}\npeak {usage.ru_maxrss / 1024}", None


def _peak(out: str) -> float:
    return float(out.rpartition("\npeak ")[2])


def check(name: str, behaviour: str, well: int) -> None:
    seen = asyncio.run(run(name, behaviour, well))
    assert seen.code in EXITS[name], seen.text[-2000:]
    assert seen.rss_mib <= MAX_RSS_MIB
    assert "bug of hopcheck" not in seen.text
    assert not [KEY[at : at + 8] for at in range(3, len(KEY) - 7) if KEY[at : at + 8] in seen.text and at > 9]


@pytest.mark.commands
@pytest.mark.parametrize("behaviour", SAMPLE)
def test_the_gate_ends_on_a_hostile_target(behaviour: str) -> None:
    check("gate", behaviour, 1)


@pytest.mark.hostile
@pytest.mark.parametrize("well", [0, 1])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_gate_ends_on_every_hostile_target(behaviour: str, well: int) -> None:
    check("gate", behaviour, well)


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_load_measurement_ends_on_every_hostile_target(behaviour: str) -> None:
    check("load", behaviour, 0)


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", SAMPLE)
def test_an_interrupt_ends_with_a_report(behaviour: str) -> None:
    seen = asyncio.run(run("gate", behaviour, 1, interrupt_s=8))
    assert seen.code in {1, 3, 130}
    assert json.loads(seen.text.partition("\npeak ")[2].partition("\n")[2] or "{}") is not None
