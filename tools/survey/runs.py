"""Which measurements the survey makes, and how one is made: `hopcheck load`, as a process of its own."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from hopcheck_load.measurement import priority
from hopcheck_server.chain.processes import ManagedProcess
from tools.survey.hops import BOTH, ENVOY, LITELLM, NGINX, REFERENCE, RELAY, Chain, Hop

Part = Literal["rest", "steps", "steady", "fleet", "spike"]
PARTS: tuple[Part, ...] = ("rest", "steps", "steady", "fleet", "spike")
"""What is measured of a hop, in this order."""

AT_REST = "chat,paced,10k"
QUICK, SLOW = TOGETHER = (NGINX, ENVOY, RELAY, REFERENCE), (LITELLM, BOTH)
"""Hops that are measured in the same rounds: those that are quick, and those that are slow. A round with both would be
one long pause for the quick ones, and after a pause everything is slower."""

OVERHEAD_S = 9.0
"""How long starting, stopping and reporting usually take, in addition to measuring."""

MAX_OVERHEAD_S = 60.0

REPORT_TIMEOUT_S = 30.0
"""How long a measurement that is interrupted may take to write its report."""


class Rates(NamedTuple):
    """Requests a second that suit a hop on two cores; 0 where there is no such run.

    Attributes:
        steps: The highest of the steps: about where the hop, or our client, is at its end.
        steady: One that it bears for long.
        fleet: Streams a second; 2.5 times as many go on at a time.
        spike: The usual rate; four times as many come in the spike.
    """

    steps: float
    steady: float
    fleet: float
    spike: float


RATES: Mapping[str, Rates] = {
    NGINX: Rates(1000, 900, 40, 0),
    ENVOY: Rates(1000, 0, 0, 0),
    RELAY: Rates(1000, 0, 40, 0),
    REFERENCE: Rates(600, 150, 20, 0),
    LITELLM: Rates(80, 25, 4, 20),
    BOTH: Rates(64, 0, 4, 0),
}

SECONDS: Mapping[Part, float] = {"rest": 60, "steps": 22, "steady": 55, "fleet": 12, "spike": 30}
"""How long a run measures; a steady one is long enough for p99 at 900 a second, and for p90 at 25."""

LONGER: Mapping[Part, float] = {"rest": 1.5, "steps": 1.5}
"""How many times as long for slow hops, through which fewer exchanges go in the same time."""


@dataclass(frozen=True)
class SurveyRun:
    """One measurement.

    Attributes:
        part: Its part of the survey.
        hops: The names of its hops.
        seconds: How long it measures.
        words: The arguments of `hopcheck load`, without hops and files.
    """

    part: Part
    hops: tuple[str, ...]
    seconds: float
    words: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name of its files, without suffix."""
        return f"{self.part}-{'-'.join(self.hops)}"

    def __str__(self) -> str:
        """Describe the run, for the progress."""
        return f"{', '.join(self.hops)}: {self.part}, {shlex.join(self.words)}"


def planned(names: Sequence[str], parts: Sequence[str], times: float, rates: Mapping[str, float]) -> list[SurveyRun]:
    """Return the runs of a survey.

    Args:
        names: The names of the hops.
        parts: Some of `PARTS`.
        times: How many times as long as usual each run is.
        rates: Other highest rates of some hops; their other rates change in proportion.
    """
    return [run for part in PARTS if part in parts for run in _of_part(part, names, times, rates)]


def _of_part(part: Part, names: Sequence[str], times: float, rates: Mapping[str, float]) -> Iterator[SurveyRun]:
    if part == "rest":
        for group in TOGETHER:
            if hops := tuple(name for name in group if name in names):
                yield _rest(hops, times)
        return
    for name in (name for name in RATES if name in names):
        usual = RATES[name]
        rate = getattr(usual, part) * rates.get(name, usual.steps) / usual.steps
        if rate:
            yield _under_load(part, (name,), rate, times)


def _seconds(part: Part, hops: Sequence[str], times: float) -> float:
    return round(SECONDS[part] * times * (LONGER.get(part, 1.0) if set(hops) & set(SLOW) else 1.0), 1)


def in_one_run(names: Sequence[str], parts: Sequence[str], times: float) -> list[SurveyRun]:
    """Return runs of all hops in the same rounds: at rest, and with steps up to what the slowest of them bears.

    Args:
        names: The names of the hops.
        parts: Some of `PARTS`; there is such a run of `rest` and of `steps`.
        times: How many times as long as usual each run is.
    """
    hops = tuple(name for name in RATES if name in names)
    made = _rest(hops, times), _under_load("steps", hops, min(RATES[name].steps for name in hops), times)
    return [run for run in made if run.part in parts]


def _rest(hops: tuple[str, ...], times: float) -> SurveyRun:
    seconds = _seconds("rest", hops, times)
    return SurveyRun("rest", hops, seconds, ("--measure", AT_REST, "--duration", f"{seconds:g}"))


def _under_load(part: Part, hops: tuple[str, ...], rate: float, times: float) -> SurveyRun:
    seconds = _seconds(part, hops, times)
    return SurveyRun(part, hops, seconds, ("--rate", f"{rate:g}", "--profile", part, "--duration", f"{seconds:g}"))


def possible(plan: Sequence[SurveyRun], chain: Chain) -> list[SurveyRun]:
    """Return the plan without the hops that don't run."""
    kept = (replace(run, hops=tuple(name for name in run.hops if name in chain.hops)) for run in plan)
    return [run for run in kept if run.hops]


def command(run: SurveyRun, chain: Chain, folder: Path) -> list[str]:
    """Return the arguments of a run, without the program."""
    hops = [chain.hops[name] for name in run.hops]
    keys = {hop.name: f",{variable(hop)}" if hop.key else "" for hop in hops}
    ways = [word for hop in hops for word in ("--through", f"{hop.name}={hop.url}{keys[hop.name]}")]
    behind = [word for hop in hops if hop.name == BOTH for word in litellm_behind(chain, run)]
    files = [word for kind in ("json", "html") for word in (f"--{kind}", str(folder / f"{run.stem}.{kind}"))]
    first = ["--real-time"] if priority.is_permitted() else []
    return [*ways, "--upstream-url", chain.upstream, *behind, *run.words, *first, *files]


def litellm_behind(chain: Chain, run: SurveyRun) -> list[str]:
    """Return arguments that watch LiteLLM's process where it is behind LLM-Proxy, and isn't measured itself."""
    there = LITELLM in chain.hops and LITELLM not in run.hops
    return ["--pid", f"litellm-behind={chain.hops[LITELLM].pid}"] if there else []


def variable(hop: Hop) -> str:
    """Return the environment variable of a hop's key."""
    return f"HOPCHECK_{hop.name.upper().replace('+', '_')}_KEY"


async def carry_out(run: SurveyRun, chain: Chain, folder: Path, stopped: asyncio.Event) -> str:
    """Make a run; its output goes to `<stem>.txt`, its report to `<stem>.json` and `<stem>.html`.

    Returns:
        Why there is no report, or "".
    """
    report = folder / f"{run.stem}.json"
    report.unlink(missing_ok=True)
    keys = {variable(hop): hop.key for hop in chain.hops.values()}
    words = [sys.executable, "-m", "hopcheck", "load", *command(run, chain, folder)]
    log_file = folder / f"{run.stem}.txt"
    log_file.unlink(missing_ok=True)
    starting = ManagedProcess.start(
        words,
        name=f"hopcheck load ({run.stem})",
        log_file=log_file,
        env={**os.environ, **keys},
        grace_s=REPORT_TIMEOUT_S,
    )
    async with starting as process:
        await _ended(process, stopped, 3 * run.seconds + MAX_OVERHEAD_S)
    if report.exists():
        return ""
    return process.log_text().strip().rpartition("\n")[2] or "it printed nothing"


async def _ended(process: ManagedProcess, stopped: asyncio.Event, timeout_s: float) -> None:
    """Wait until the process has ended, was stopped, or has taken far too long."""
    ends, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stopped.wait())
    await asyncio.wait({ends, stopping}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in (ends, stopping):
        task.cancel()
