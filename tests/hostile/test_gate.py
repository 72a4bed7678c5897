"""hopcheck's commands on hostile targets: they end, in little memory, with a sentence and no key."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from pathlib import Path

import pytest

from tests.hostile.command_runs import run
from tests.hostile.fork_server import Running
from tests.hostile.targets import BEHAVIOURS

SAMPLE = ("endless body", "deep arrays", "lone surrogates", "a gzip bomb", "echoes keys", "a drip of a header")
pytestmark = pytest.mark.timeout(600)
"""`run` has a bound of its own, which excuses a busy machine."""

DEMANDING = (
    *SAMPLE,
    "endless chunks of one byte",
    "endless headers of other names",
    "endless interim responses",
    "endless trailers",
    "endless deltas",
    "a million chunks",
    "a million comments",
    "a drip of a body",
    "a silent stream",
    "resets within a stream",
    "a gzip bomb in itself",
    "many objects",
    "long words of keys",
    "words for patterns",
    "an error of a megabyte",
    "an event of 7 MB",
    "calls of an index of a billion",
    "markup",
    "a key in letters",
)
"""Targets that give a reader work, each in another way."""

PROGRESS = re.compile(rb"^\d+/\d+", re.MULTILINE)
GONE_BAD = ("leaves at once", "a silent stream", "a drip of a body", "odd deltas", "an upgrade", "endless events")


@pytest.mark.hostile
@pytest.mark.parametrize("well", [0, 1])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_gate_ends_on_every_hostile_target(behaviour: str, well: int, tmp_path: Path) -> None:
    assert asyncio.run(run("gate", behaviour, well, tmp_path / "report.json")).faults() == []


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_load_measurement_ends_on_every_hostile_target(behaviour: str, tmp_path: Path) -> None:
    assert asyncio.run(run("load", behaviour, 0, tmp_path / "report.json")).faults() == []


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", GONE_BAD)
def test_the_load_measurement_ends_on_a_hop_that_goes_bad(behaviour: str, tmp_path: Path) -> None:
    assert asyncio.run(run("load", behaviour, 5, tmp_path / "report.json")).faults() == []


@pytest.mark.hostile
@pytest.mark.parametrize("command", ["fuzz", "reproduce", "record"])
@pytest.mark.parametrize("behaviour", DEMANDING)
def test_other_commands_end_on_hostile_targets(command: str, behaviour: str, tmp_path: Path) -> None:
    well = 0 if command == "record" else 1
    assert asyncio.run(run(command, behaviour, well, tmp_path / "report.json")).faults() == []


@pytest.mark.commands
@pytest.mark.parametrize("behaviour", SAMPLE)
def test_the_gate_ends_on_some_hostile_targets(behaviour: str, tmp_path: Path) -> None:
    assert asyncio.run(run("gate", behaviour, 1, tmp_path / "report.json")).faults() == []


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", SAMPLE)
def test_an_interrupt_ends_with_a_report(behaviour: str, tmp_path: Path) -> None:
    interrupted = []

    def interrupt(running: Running, written: bytes) -> None:
        if not interrupted and PROGRESS.search(written):
            running.send_signal(signal.SIGINT)
            interrupted.append(running)

    report = tmp_path / "report.json"
    seen = asyncio.run(run("gate", behaviour, 1, report, interrupt))
    assert seen.code in (1, 3, 130)  # it may have been through just then
    assert json.loads(report.read_text(encoding="utf-8"))["cases"]
