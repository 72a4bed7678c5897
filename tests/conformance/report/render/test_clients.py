"""The clients' table, in every form of a report."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from hopcheck.report.document import violations
from hopcheck.report.render.client_view import client_rows
from hopcheck.report.render.html import html_text
from hopcheck.report.render.markdown import markdown_text
from hopcheck.report.render.terminal import print_report

BY = [f"messages.{name}[messages]" for name in ("a", "b", "c", "d", "e", "f")]
CLIENTS = [
    {"name": "a", "title": "Client A", "standing": "works", "asked": 1, "behind": []},
    {
        "name": "b",
        "title": "Client B",
        "standing": "broken",
        "asked": 9,
        "behind": [
            {"why": "It <costs> more.", "effect": "degraded", "by": ["C7"]},
            {"why": "It loses text.", "effect": "broken", "by": BY},
        ],
    },
    {"name": "c", "title": "Client C", "standing": "not asked", "asked": 0, "behind": []},
]


def document(sample: Any, clients: list[Any]) -> Any:
    made = {**sample.document(), "clients": clients}
    assert violations(made) == []
    return made


def printed(made: Any) -> str:
    console = Console(file=io.StringIO(), width=300, soft_wrap=True)
    print_report(made, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_rows_have_what_breaks_it_first(sample: Any) -> None:
    works, broken, left = client_rows(document(sample, CLIENTS))
    assert (works.mark, works.standing, works.asked, list(works.reasons)) == ("✓", "works", "1 requirement asked", [])
    assert [why for why, _, _ in broken.reasons] == ["It loses text.", "It <costs> more."]
    assert broken.reasons[0][2] == ", ".join(BY[:4]) + " and 2 more"
    assert left.asked == "none of its requirements was asked"


def test_no_table_where_none_was_asked(sample: Any) -> None:
    made = document(sample, CLIENTS[2:])
    assert client_rows(made) == []
    assert "Client C" not in html_text(made) + markdown_text(made) + printed(made)


def test_the_terminal(sample: Any) -> None:
    shown = printed(document(sample, CLIENTS))
    assert "✓ Client A: works. 1 requirement asked" in shown
    assert f"✗ Client B: broken. It loses text. ({', '.join(BY[:4])} and 2 more) And 1 reason more." in shown


def test_markdown(sample: Any) -> None:
    shown = markdown_text(document(sample, CLIENTS))
    assert "| ✓ Client A | works | 1 requirement asked |" in shown
    assert "| ✗ Client B | broken | It loses text. (" in shown
    assert "<costs>" not in shown


def test_the_page(sample: Any) -> None:
    shown = html_text(document(sample, CLIENTS))
    assert "<h2>Clients</h2>" in shown
    assert "It &lt;costs&gt; more." in shown
    assert "Client C" in shown
