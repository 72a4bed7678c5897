"""`hopcheck outage`: the timeline as it is printed."""

from __future__ import annotations

import argparse
import asyncio
import io
import signal
from pathlib import Path

import pytest
from rich.console import Console

from hopcheck.cli import main, outage
from hopcheck.cli.exits import INTERRUPTED
from hopcheck.cli.outage import show
from hopcheck.outage.timeline import ANSWERED, DIRECT, REFUSED, Asked, Timeline
from hopcheck_server.wire.event_loop import STOP_SIGNALS


def test_seconds_alike_are_one_line() -> None:
    asked = [Asked(second + 0.5, 0.1, False, False, ANSWERED) for second in range(3)]
    asked += [Asked(second + 0.5, 0.01, False, False, REFUSED) for second in range(3, 9)]
    asked += [Asked(second + 0.6, 0.2, True, False, DIRECT) for second in range(3, 9)]
    events = {"killed": 3.01, "unready": 3.06, "started": 6.2}
    written = io.StringIO()
    show(Timeline(asked=asked, events=events), Console(file=written, width=120))
    lines = [" ".join(line.split()) for line in written.getvalue().splitlines()]
    assert lines == [
        "seconds answered direct refused cut wrong longest",
        "0-2 3 · · · · 0.10 s",
        "3.01 s LiteLLM is killed",
        "3.06 s the proxy says that it isn't ready",
        "3 · 1 1 · · 0.20 s",
        "4-5 · 2 2 · · 0.20 s",
        "6.20 s LiteLLM is started again",
        "6 · 1 1 · · 0.20 s",
        "7-8 · 2 2 · · 0.20 s",
        "fake-model: 9 requests, 3 answered, 6 refused",
        "backup-model (critical): 6 requests, 6 direct",
        "from killed to unready: 0.05 s",
    ]


def test_an_interrupt_ends_with_what_was_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def experiment(_arguments: argparse.Namespace, _work_dir: Path, timeline: Timeline) -> Timeline:
        timeline.asked.append(Asked(0.5, 0.1, False, False, ANSWERED))
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()
        return timeline

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    monkeypatch.setattr(outage, "experiment", experiment)
    try:
        assert main(["outage", "--logs", str(tmp_path)]) == INTERRUPTED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    printed = capsys.readouterr().out
    assert "fake-model: 1 requests, 1 answered" in printed
    assert "interrupted: the outage wasn't seen to its end" in printed
