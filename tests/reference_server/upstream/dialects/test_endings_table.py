"""The table of endings in docs/upstream.md is what the dialects send."""

from __future__ import annotations

from pathlib import Path

import pytest

from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.dialects.request import Shape
from hopcheck_server.upstream.script import reply

PAGE = Path(__file__).parents[4] / "docs" / "upstream.md"
NONE = "–"  # noqa: RUF001


def cells() -> list[tuple[str, str, str]]:
    """Each ending, dialect and word of the table."""
    section = PAGE.read_text(encoding="utf-8").partition("### Endings")[2].partition("## Control")[0]
    head, _, *rows = (
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    )
    return [(row[0], dialect, word) for row in rows for dialect, word in zip(head[1:], row[1:], strict=True)]


def sent(ending: str, dialect: str, *, stream: bool) -> bytes:
    turn = reply.chat("x", finish=ending)
    template = all_dialects()[dialect].template(turn, Shape(stream=stream), marked=False)
    return b"".join(template.fill("m", b"1").pieces)


@pytest.mark.parametrize(("ending", "dialect", "word"), cells())
def test_an_ending_is_sent_as_the_table_says(ending: str, dialect: str, word: str) -> None:
    obstacle = all_dialects()[dialect].obstacle(reply.chat("x", finish=ending))
    assert bool(obstacle) == (word == NONE)
    for stream in (False, True):
        assert obstacle or f'"{word}"'.encode() in sent(ending, dialect, stream=stream)


def test_the_table_has_every_ending_and_every_dialect_of_its_own() -> None:
    endings, dialects = ({cell[place] for cell in cells()} for place in (0, 1))
    assert len(endings) == 8
    assert dialects == {dialect.name for dialect in all_dialects()} - {"azure", "vllm", "openai_embeddings"}
