"""Servers as child processes, and the gate as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hopcheck_server.chain.processes import free_port

ROOT = Path(__file__).parents[2]

READ_TIMEOUT_S = 240
"""For a gate or a recipe; a whole gate takes a minute where nothing else runs."""

Start = Callable[..., str]
Gate = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def upstream_port() -> int:
    return free_port()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server that prints its URL when it is ready, or listens on `port`; all are ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*command: str, env: dict[str, str], port: int = 0) -> str:
        log = (tmp_path / "server.log").open("a")
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        running.append(process)
        assert process.stdout is not None
        if port:
            return f"http://127.0.0.1:{port}"
        for line in process.stdout:
            found = re.search(r"http://[^\s/]+", line)
            if found:
                return found[0]
        raise AssertionError((tmp_path / "server.log").read_text())

    yield begin
    for process in running:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Run the gate; gives its exit code and its report."""

    def judge(url: str, key: str, port: int, *options: str) -> tuple[int, dict[str, Any]]:
        report = tmp_path / "report.json"
        words = [
            "gate",
            f"{url}/v1",
            "--api-key-env",
            "KEY",
            "--upstream-port",
            str(port),
            "--wait",
            "30",
            "--json",
            str(report),
        ]
        env = {**os.environ, "KEY": key}
        done = subprocess.run(
            [sys.executable, "-m", "hopcheck", *words, "--json", str(report), *options],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=READ_TIMEOUT_S,
        )
        assert report.exists(), done.stderr
        return done.returncode, json.loads(report.read_text())

    return judge
