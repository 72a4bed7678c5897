"""What a report says of each client: whether it works, and why not, in the order of importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.text import Text

from hopcheck.report.document import Document, many
from hopcheck.report.render.values import visible

MARKS: Mapping[str, str] = {"works": "✓", "degraded": "!", "broken": "✗", "not asked": "·"}

_STYLES = {"works": "green", "degraded": "yellow", "broken": "red"}

NAMED = 4
"""Requirements that are named for one reason; the report has all of them."""


class ClientRow(NamedTuple):
    """One client.

    Attributes:
        mark: A sign for the standing.
        title: The client.
        standing: `works`, `degraded`, `broken`, or `not asked`.
        asked: How much of what it depends on was judged.
        reasons: What goes wrong, each with whether that breaks or degrades it, and the requirements behind it.
    """

    mark: str
    title: str
    standing: str
    asked: str
    reasons: Sequence[tuple[str, str, str]]


def client_rows(document: Document) -> list[ClientRow]:
    """A row for each client that the report knows; none if none of them was asked for."""
    entries = document["clients"]
    return [_row(entry) for entry in entries] if any(entry["asked"] for entry in entries) else []


def client_line(row: ClientRow) -> Text:
    """Show a client in a line of a terminal: the worst that happens to its user, and the requirements behind it."""
    why, _, names = row.reasons[0] if row.reasons else (row.asked, "", "")
    behind = f" ({names})" if names else ""
    more = f" And {many(len(row.reasons) - 1, 'reason')} more." if len(row.reasons) > 1 else ""
    style = _STYLES.get(row.standing, "bright_black")
    return Text.assemble((f"{row.mark} {row.title}", style), f": {row.standing}. ", visible(f"{why}{behind}{more}"))


def _row(entry: Mapping[str, Any]) -> ClientRow:
    # What breaks a client goes before what degrades it.
    behind = sorted(entry["behind"], key=lambda one: one["effect"] != "broken")
    reasons = [(one["why"], one["effect"], _named(one["by"])) for one in behind]
    asked = f"{many(entry['asked'], 'requirement')} asked" if entry["asked"] else "none of its requirements was asked"
    return ClientRow(MARKS[entry["standing"]], entry["title"], entry["standing"], asked, reasons)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
