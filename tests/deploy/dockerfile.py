"""Reads a Dockerfile, as far as ours go, and does in a folder what an engine would do in an image."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """Attributes: word: `RUN`, `COPY`, …; rest: what follows it, on one line."""

    word: str
    rest: str


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, " ".join(rest.split()) if word != "RUN" else rest.strip()))
    return found


def words(stage: list[Instruction], word: str) -> list[str]:
    """What follows each instruction of that name."""
    return [instruction.rest for instruction in stage if instruction.word == word]


def exec_form(rest: str) -> list[str]:
    """The command of an ENTRYPOINT, CMD or HEALTHCHECK."""
    command = json.loads(rest[rest.index("[") :])
    assert all(isinstance(part, str) for part in command)
    return list(command)


def build(stage: list[Instruction], context: Path, work: Path, installed: Path, path: str) -> None:
    """Copy what the stage copies, and run what it runs.

    Args:
        stage: Whose COPY and RUN are to be done.
        context: The build context.
        work: Stands for the stage's WORKDIR.
        installed: Stands for /opt/hopcheck.
        path: PATH of the commands.
    """
    for rest in words(stage, "COPY"):
        *sources, destination = rest.split()
        for source in sources:
            _copy(context / source, work / destination, into=len(sources) > 1)
    for command in words(stage, "RUN"):
        there = command.replace("/opt/hopcheck", str(installed))
        subprocess.run(["sh", "-ec", there], cwd=work, env={"PATH": path, "HOME": str(work)}, check=True, timeout=600)


def _copy(source: Path, destination: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, destination / source.name if into else destination)
