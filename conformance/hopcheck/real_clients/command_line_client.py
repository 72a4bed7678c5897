"""What hopcheck knows of a command-line client: how it is installed, started, and read."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hopcheck.real_clients.client_run import ClientRun
from hopcheck_server.upstream.script.turns import ToolCall


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One start of a client.

    Attributes:
        program: The client's file.
        home: An empty folder that is its HOME.
        base_url: The target's base URL, which ends in `/v1`.
        key: The key for the target.
        model: The model to ask for.
        prompt: What to ask.
        retries: How often it may try again.
    """

    program: Path
    home: Path
    base_url: str
    key: str
    model: str
    prompt: str
    retries: int


class CommandLineClient(ABC):
    """A client that is started, asks once, prints what happened, and exits."""

    name: ClassVar[str]
    """As users of hopcheck write it."""
    version: ClassVar[str]
    """The version that `--install` installs."""
    surface: ClassVar[str]
    """The API that it speaks."""
    package: ClassVar[str]
    """Its package in npm's registry."""
    wheel: ClassVar[str] = ""
    """A package of PyPI's that carries the same program, with its version; "" if there is none."""
    files: ClassVar[Sequence[str]]
    """Where the program is below the folder of an installation; the first that is there counts."""
    command: ClassVar[str]
    """The name of the program on the search path."""
    shell_call: ClassVar[ToolCall]
    """The call of its own tool that prints `tool-ok-42`."""

    @abstractmethod
    def prepare(self, asked: Invocation) -> None:
        """Write the files that it reads in its home."""

    @abstractmethod
    def arguments(self, asked: Invocation) -> list[str]:
        """The command line, without the program."""

    @abstractmethod
    def environment(self, asked: Invocation) -> Mapping[str, str]:
        """The variables that it needs besides HOME and PATH."""

    @abstractmethod
    def read(self, exit_code: int | None, stdout: str, stderr: str) -> ClientRun:
        """Read what it printed."""

    @abstractmethod
    def knows_too_long(self, run: ClientRun) -> bool:
        """Whether it has understood that the conversation is too long for the model."""


def json_lines(text: str) -> list[dict[str, Any]]:
    """The JSON objects among the lines of an output."""
    found = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
