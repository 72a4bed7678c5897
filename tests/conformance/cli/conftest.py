"""Helpers: the commands as real processes, a relay and odd servers for them to meet."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hopcheck.authoring.case_names import case_key
from hopcheck.cli import main
from hopcheck.report.document import violations
from hopcheck_server.chain.processes import free_port
from hopcheck_server.wire.event_loop import STOP_SIGNALS

READ_TIMEOUT_S = 60
CHAT = {
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}


@dataclass
class Done:
    """A process that has ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "HOPCHECK"))}
    keys = {"RELAY_KEY": "hopcheck-client-key", "OTHER_KEY": "hopcheck-second-client-key", "WRONG_KEY": "sk-wrong"}
    return {**kept, **keys, "COLUMNS": "200", "NO_COLOR": "1", **more}


def begin(*words: str, cwd: Path | None = None, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hopcheck", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=cwd, env=environment(**env), text=True, **pipes)


def finish(process: subprocess.Popen[str]) -> Done:
    try:
        out, err = process.communicate(timeout=READ_TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    return Done(process.returncode, out, err)


def hopcheck(*words: str, cwd: Path | None = None, **env: str) -> Done:
    return finish(begin(*words, cwd=cwd, **env))


@pytest.fixture
def inside(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Done]]:
    """The commands in this process, for what needs no process of its own: a start costs most of a second."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Done:
        try:
            code = main(words)
        except SystemExit as left:
            code = int(left.code or 0)
        return Done(code, *capsys.readouterr())

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def report(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert violations(document) == []
    return document


def outcomes(path: Path) -> dict[str, str]:
    return {case_key(case["id"], case["operation"]): case["outcome"] for case in report(path)["cases"]}


@pytest.fixture(scope="session")
def cli() -> SimpleNamespace:
    return SimpleNamespace(
        run=hopcheck, begin=begin, finish=finish, report=report, outcomes=outcomes, free_port=free_port
    )


@dataclass(frozen=True)
class Target:
    """A running relay, the port where it expects its provider, and a target file that declares its retries."""

    url: str
    port: int
    file: Path

    @property
    def words(self) -> Sequence[str]:
        return (*self.words_without_provider, "--upstream-port", str(self.port))

    @property
    def words_without_provider(self) -> Sequence[str]:
        return ("gate", self.url, "--target", str(self.file), "--api-key-env", "RELAY_KEY")


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    port = free_port()
    file = tmp_path_factory.mktemp("relay") / "relay.toml"
    file.write_text("[declares]\nretries = 2\n")
    command = [sys.executable, "-m", "hopcheck_server.relay", "--upstream", f"http://127.0.0.1:{port}/v1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield Target(url, port, file)
        process.terminate()


class Odd(BaseHTTPRequestHandler):
    """Answers as the first part of the path says; `canned` answers POST alone, and leaves GET waiting."""

    over = threading.Event()
    numbers = itertools.count()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = self.path.split("/")[1]
        if kind == "silent":
            self.over.wait()
        elif kind == "garbage":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        elif kind == "html":
            self.answer("text/html", b"<html><body>Welcome to nginx!</body></html>")
        else:
            self.answer("application/json", json.dumps({**CHAT, "id": f"c{next(self.numbers)}"}).encode())
        self.close_connection = True

    def do_GET(self) -> None:
        self.over.wait()

    def answer(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def odd() -> Iterator[str]:
    """The URL of a server that answers oddly; `/html/v1`, `/silent/v1`, … below it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Odd.over.set()
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def canned(odd: str) -> tuple[str, ...]:
    """The gate's words for a server that answers every request with the same completion."""
    return ("gate", f"{odd}/canned/v1", "--read-timeout", "5", "--one-sided")
