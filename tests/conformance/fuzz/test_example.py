"""The file of an example."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hopcheck.fuzz.example import NOTHING, Example, Unreadable, example_text, file_name, read_example
from hopcheck_server.upstream.script.turns import Delivery, Embedding, Turn

EXAMPLES = [
    Example("fuzz.chat", "POST", "/chat/completions", {"messages": [], "big": 2**63 - 1}, turn=Turn(body=b"\xff{}")),
    Example("fuzz.chat", "POST", "/chat/completions", {"a": "\u2028"}, turn=Turn(events=({"choices": []},))),
    Example("fuzz.chat-refusals", "POST", "/chat/completions", b"\x00\xff", (("X", "y"),)),
    Example("fuzz.models", "GET", "/models", NOTHING, turn=Turn(delivery=Delivery(gzip=True, line_end="\r\n"))),
    Example("fuzz.embeddings", "POST", "/embeddings", None, turn=Turn(embedding=Embedding(vectors=((0.5,),)))),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.operation)
def test_an_example_is_written_and_read(tmp_path: Path, example: Example) -> None:
    path = tmp_path / file_name(example)
    path.write_text(example_text(example, 3, {"check": "c", "expected": [], "actual": ["x"]}), encoding="utf-8")
    assert read_example(path) == example
    assert json.loads(path.read_text())["seed"] == 3


def test_each_example_has_a_name_of_its_own() -> None:
    assert len({file_name(example) for example in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "holds no hopcheck.example/1"), ("[]", "holds no"), ('{"schema": "x/1"}', "its schema is 'x/1'")],
)
def test_a_file_that_holds_none(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match=why):
        read_example(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="can't be read: No such file"):
        read_example(tmp_path / "not_runnable.json")
