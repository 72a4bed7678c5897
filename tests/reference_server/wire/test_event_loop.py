"""SIGINT and SIGTERM end a command in order, also where the process was started with SIGINT ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.commands

WAITS = """
import asyncio, sys
from hopcheck_server.wire.event_loop import stop_event

async def main():
    stopped = stop_event()
    print("ready", flush=True)
    await stopped.wait()
    print(input(), flush=True)
    return stopped.exit_code

sys.exit(asyncio.run(main()))
"""
COMMANDS = {
    "stop_event": ["-c", WAITS],
    "upstream": ["-m", "hopcheck_server.upstream"],
    "relay": ["-m", "hopcheck_server.relay", "--upstream", "http://127.0.0.1:1/v1"],
    "switch": ["-m", "hopcheck_server.chain.switch", "--to", "127.0.0.1:1"],
    "proxy": ["-m", "hopcheck_server.proxy", "--port", "0"],
    "serve": ["-m", "hopcheck", "serve", "--port", "0"],
}


def started(*words: str, ignored: bool) -> subprocess.Popen[str]:
    """A command of Python's that has printed its first line, started with SIGINT ignored or handled by default."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        env = {**os.environ, "LLM_PROXY__LLM_MODE": "mock", "LLM_PROXY__LOG_LEVEL": "warning"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, *words], env=env, text=True, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


@pytest.mark.parametrize("ignored", [False, True], ids=["default", "ignored"])
@pytest.mark.parametrize("name", COMMANDS)
def test_sigint_ends_a_command_with_130(name: str, ignored: bool) -> None:
    with started(*COMMANDS[name], ignored=ignored) as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate("\n", timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_the_first_signal_decides() -> None:
    with started(*COMMANDS["stop_event"], ignored=True) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("still here\n")
        process.stdin.flush()
        assert process.stdout.readline() == "still here\n"
        assert process.wait(30) == 0


INTERRUPTED = """
import signal
from hopcheck_server.wire.event_loop import raise_interrupt_on

raise_interrupt_on(signal.SIGINT, signal.SIGTERM)
try:
    print("ready", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_raises_keyboard_interrupt(number: signal.Signals) -> None:
    with started("-c", INTERRUPTED, ignored=True) as process:
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "interrupted\n")
