"""The examples of docs/writing-cases.md are cases that pass their own self-test, and the page names all there is."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import hopcheck
from hopcheck import Relay, Target, edits, reply
from hopcheck.authoring.isolation import Isolation
from hopcheck.client.pacing.paced_side import PacedSide
from hopcheck_server.upstream.script.turns import Delivery

pytestmark = pytest.mark.commands

PAGE = (Path(__file__).parents[3] / "docs" / "writing-cases.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
HELPERS = {"script_of"}
"""Functions of `reply` that authors don't call."""


def public_functions(module: object) -> set[str]:
    own = inspect.getmembers(module, inspect.isfunction)
    return {name for name, value in own if value.__module__ == module.__name__ and not name.startswith("_")}


@pytest.mark.timeout(90)
def test_the_examples_pass_their_self_test(tmp_path: Path) -> None:
    for place, example in enumerate(EXAMPLES):
        (tmp_path / f"example_{place}.py").write_text(example)
    command = [sys.executable, "-m", "hopcheck", "selftest", "acme.*", "--cases", str(tmp_path), "--diagonal"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=80)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXAMPLES)} cases (" in done.stdout


@pytest.mark.parametrize(
    "names",
    [
        {f"`reply.{name}(" for name in public_functions(reply) - HELPERS - {"delta", "call", "choice"}},
        {f"reply.{name}(" for name in ("delta", "call", "choice", "stream")},
        {f"edits.{name}" for name in public_functions(edits)},
        {f"{field.name}=" for field in fields(Delivery)},
        {f"`{name}(" for name in vars(Relay.__mro__[2]) if inspect.isfunction(getattr(Relay, name)) and name[0] != "_"},
        {name for name in hopcheck.__all__ if name[0].islower()},
        {f"`{name}=" for name in ("needs", "isolation", "on")} | {f'`"{name}"`' for name in Isolation},
        {f"target.{name}" for name in dir(Target) if name[0] != "_" and name not in {"open", *vars(PacedSide)}},
    ],
    ids=["replies", "parts of replies", "edits", "delivery", "relay", "functions", "ways to run", "target"],
)
def test_the_page_names_everything_an_author_uses(names: set[str]) -> None:
    assert sorted(name for name in names if name not in PAGE) == []
