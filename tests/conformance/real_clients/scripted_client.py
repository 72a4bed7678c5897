"""What hopcheck has to know of that client."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from hopcheck.real_clients.client_run import ClientRun
from hopcheck.real_clients.command_line_client import CommandLineClient, Invocation
from hopcheck_server.upstream.script import reply

PROGRAM = Path(__file__).with_name("scripted_cli.py")


class ScriptedClient(CommandLineClient):
    name = "scripted"
    version = "1.0"
    surface = "messages"
    package = "scripted"
    files = ("bin/scripted",)
    command = "hopcheck-scripted-client"
    shell_call = reply.call("Bash", "{}")

    def __init__(self, mode: str = "") -> None:
        self.mode = mode

    def prepare(self, asked: Invocation) -> None:
        (asked.home / "prepared").write_text("yes")

    def arguments(self, asked: Invocation) -> list[str]:
        assert (asked.home / "prepared").exists()
        return [str(PROGRAM), asked.prompt, str(asked.retries)]

    def environment(self, asked: Invocation) -> Mapping[str, str]:
        return {"TARGET": asked.base_url, "KEY": asked.key, "MODEL": asked.model, "FAKE_MODE": self.mode}

    def read(self, exit_code: int | None, stdout: str, stderr: str) -> ClientRun:
        return ClientRun(exit_code=exit_code, **(json.loads(stdout) if stdout else {"failure": stderr}))

    def knows_too_long(self, run: ClientRun) -> bool:
        return "too long" in run.failure


PYTHON = Path(sys.executable)
