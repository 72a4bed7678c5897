"""Ctrl-C and SIGTERM in the middle of a run: what was learnt so far is written."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.commands


@pytest.fixture
def halfway(cli, odd: str, tmp_path: Path):
    """A run with one verdict, in the middle of a case that the target leaves hanging."""

    def begin() -> subprocess.Popen[str]:
        picked = ("--select", "errors.invalid-json[chat]", "--select", "models.list-shape", "--jobs", "1")
        files = ("--json", "r.json", "--junit", "r.xml", "--html", "r.html", "--markdown", "r.md")
        process = cli.begin("gate", f"{odd}/canned/v1", "--one-sided", *picked, *files, cwd=tmp_path)
        line = process.stderr.readline()
        assert "1/2 errors.invalid-json[chat] deviates" in line, line + process.stderr.read()
        return process

    return begin


@pytest.mark.parametrize(
    "signals",
    [
        (signal.SIGINT,),
        (signal.SIGTERM,),
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT),
    ],
    ids=lambda signals: "+".join(one.name for one in signals),
)
def test_an_interrupted_run_leaves_its_reports(
    cli, halfway, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    process = halfway()
    for number in signals:
        os.kill(process.pid, number)
    done = cli.finish(process)
    assert done.code == 130, done.err
    assert "interrupted after 1 of 2 cases, 1 red so far" in done.out
    assert "Traceback" not in done.err
    document = cli.report(tmp_path / "r.json")
    assert (document["partial"], document["summary"]["exit"], document["summary"]["selected"]) == (True, 130, 2)
    assert [case["id"] for case in document["cases"]] == ["errors.invalid-json"]
    assert all((tmp_path / name).stat().st_size for name in ("r.xml", "r.html", "r.md"))


def test_signals_that_keep_coming_change_nothing(cli, halfway, tmp_path: Path) -> None:
    process = halfway()
    while process.poll() is None:  # also while the reports are written
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    done = cli.finish(process)
    assert "Traceback" not in done.err
    assert cli.report(tmp_path / "r.json")["partial"] is True
    assert done.code in (130, -signal.SIGINT)  # the interpreter itself ends with its default handlers


def test_a_run_that_waits_for_its_target_can_be_interrupted(cli, tmp_path: Path) -> None:
    words = ("--one-sided", "--select", "chat.schema", "--json", "r.json", "--wait", "60")
    process = cli.begin("gate", f"http://127.0.0.1:{cli.free_port()}/v1", *words, cwd=tmp_path)
    handled = Path(f"/proc/{process.pid}/status")
    if not handled.exists():
        pytest.skip("where a process's signal handlers can't be seen")
    while not handles_sigterm(handled):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    done = cli.finish(process)
    assert done.code == 130, done.err
    assert cli.report(tmp_path / "r.json")["cases"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_self_test_leaves_no_process(cli, tmp_path: Path, number: signal.Signals) -> None:
    process = cli.begin("selftest", "--diagonal", "stream.*", cwd=tmp_path)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not workers.exists():
        pytest.skip("where a process's children can't be seen")
    while not (begun := workers.read_text().split()):
        assert process.poll() is None
    process.send_signal(number)
    done = cli.finish(process)
    assert done.code == 130, done.err
    assert "Traceback" not in done.err
    while any(Path(f"/proc/{worker}").exists() for worker in begun):
        os.sched_yield()  # the kernel tells nobody but their parent, which is gone


def handles_sigterm(status: Path) -> bool:
    (caught,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
