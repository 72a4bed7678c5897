"""`hopcheck clients`: what it does where a client isn't installed, and with one that is; `gate --client`."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hopcheck.cli import main
from hopcheck.cli.exits import DOES_NOT_HOLD, INTERRUPTED, UNTESTABLE
from hopcheck_server.chain.processes import free_port
from hopcheck_server.wire.event_loop import STOP_SIGNALS


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a search path of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOPCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_clients_that_are_not_there_are_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clients", "http://127.0.0.1:1/v1", "--upstream-port", str(free_port())]) == UNTESTABLE
    printed = capsys.readouterr()
    assert "skipped claude-code: `claude` isn't installed; --install does that" in printed.out
    assert "skipped codex" in printed.out
    assert "no client could be run" in printed.err


def test_one_that_fails_is_shown(nothing_installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = nothing_installed / "codex"
    program.write_text("#!/bin/sh\necho codex-cli 0\n")
    program.chmod(0o755)
    words = ["--upstream-port", str(free_port()), "--client", "codex", "--json", "clients.json"]
    assert main(["clients", "http://127.0.0.1:1/v1", *words]) == DOES_NOT_HOLD
    assert "codex (codex-cli 0): 0 of 8 runs are right" in capsys.readouterr().out
    document = json.loads(Path("clients.json").read_text())
    assert document["clients"] == [{"name": "codex", "version": "codex-cli 0"}]
    assert {entry["model"] for entry in document["results"]} == {"fake-model"}


@pytest.fixture
def own_handlers() -> Iterator[None]:
    """Handlers of signals end with the test."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_handlers")
def test_an_interrupt_ends_with_a_report(nothing_installed: Path) -> None:
    program = nothing_installed / "codex"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && exec echo codex-cli 0\nkill -INT $PPID\nexec sleep 60\n')
    program.chmod(0o755)
    words = ["--upstream-port", str(free_port()), "--client", "codex", "--json", "clients.json"]
    assert main(["clients", "http://127.0.0.1:1/v1", *words]) == INTERRUPTED
    document = json.loads(Path("clients.json").read_text())
    assert (document["partial"], document["holds"], document["results"]) == (True, False, [])


def test_a_client_without_a_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["gate", "http://127.0.0.1:1/v1", "--client", "nobody"])
    assert "claude-code" in capsys.readouterr().err
