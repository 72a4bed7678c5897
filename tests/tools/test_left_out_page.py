"""The page on where cases are not asked is up to date."""

from __future__ import annotations

from pathlib import Path

from hopcheck.gate.catalogue import all_cases
from tools.left_out import page

PAGE = Path(__file__).parents[2] / "docs" / "left-out.md"


def test_the_page_is_as_the_tool_writes_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(all_cases().values())


def test_every_reason_has_a_section() -> None:
    cases = [all_cases()["auth.options"]]
    assert "## A preflight request doesn't say whether a stream is wanted" in page(cases)
    assert "| `chat` | 1 |" in page(cases)
