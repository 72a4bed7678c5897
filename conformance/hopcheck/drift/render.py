"""Drift for a terminal, as Markdown, and as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hopcheck.drift.compare import ABOUT, Part
from hopcheck.drift.report import Drift, Group
from hopcheck.report.excerpts import first_difference
from hopcheck.report.render.markdown import code, text
from hopcheck.report.render.pages import page
from hopcheck.report.render.values import clip, visible

_CASES = 4  # ids that are named in a line; the page names them all
_LENGTH = 160  # characters of a value
_WAYS = 4  # ways of changing that are shown of one field


def headline(found: Drift) -> str:
    """The result in one line."""
    count = len(found.groups)
    if not count:
        return f"{found.after} does the same as {found.before} in {len(found.compared)} cases"
    changes = "1 change" if count == 1 else f"{count} changes"
    return f"{found.before} → {found.after}: {changes} in {found.changed} of {len(found.compared)} cases"


def uncompared(found: Drift) -> list[str]:
    """The cases that only one of the sets has."""
    sides = {found.before: found.only_before, found.after: found.only_after}
    return [f"only with {name}: {named(cases)}" for name, cases in sides.items() if cases]


def sections(found: Drift) -> Iterator[tuple[Part, list[Group]]]:
    """The groups, by part."""
    for part, groups in groupby(found.groups, key=lambda group: group.part):
        yield part, list(groups)


def named(cases: Iterable[str], most: int = _CASES) -> str:
    """The first few names, and the number of the others."""
    ids = list(cases)
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def cut(value: str) -> str:
    """A value, shortened to a line."""
    return clip(visible(value), _LENGTH)


def cut_way(way: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    """Both values, shortened to a line each, so that their first difference is shown."""
    before, after = way
    if before is None or after is None:
        return before and cut(before), after and cut(after)
    if cut(before) != cut(after):
        return cut(before), cut(after)
    start = max(0, first_difference(before, after) - _LENGTH // 3)
    return f"… {cut(before[start:])}", f"… {cut(after[start:])}"


def print_drift(found: Drift, console: Console) -> None:
    """Print a comparison."""
    console.print(headline(found), style="bold", markup=False)
    for part, groups in sections(found):
        console.print(f"\n{ABOUT[part]}: {len(groups)}", style="bold", markup=False)
        for group in groups:
            _print_group(group, console)
    for line in uncompared(found):
        console.print(f"\n{line}", style="yellow", markup=False)


def _print_group(group: Group, console: Console) -> None:
    mark = Text("✗ ", "red") if group.worse else Text("· ")
    line = mark + Text(visible(group.what), "bold") + Text(f"  {_count(group)}: {named(group.cases)}", "bright_black")
    console.print(Padding(line, (0, 0, 0, 2)))
    for before, after in map(cut_way, group.ways[:_WAYS]):
        if before is not None:
            console.print(Padding(Text(f"- {before}", "red"), (0, 0, 0, 6)))
        if after is not None:
            console.print(Padding(Text(f"+ {after}", "green"), (0, 0, 0, 6)))
    if group.ways[_WAYS:]:
        console.print(Padding(Text(f"and in {len(group.ways) - _WAYS} more ways", "bright_black"), (0, 0, 0, 6)))


def _count(group: Group) -> str:
    return "1 case" if len(group.cases) == 1 else f"{len(group.cases)} cases"


def markdown_text(found: Drift) -> str:
    """Render a comparison as Markdown."""
    parts = [f"## {text(headline(found))}"]
    for part, groups in sections(found):
        parts.append(f"### {ABOUT[part]}")
        parts.append("\n".join(line for group in groups for line in _lines(group)))
    parts += [text(line) for line in uncompared(found)]
    return "\n\n".join(parts) + "\n"


def _lines(group: Group) -> Iterator[str]:
    mark = "❌ " if group.worse else ""
    cases = f"{_count(group)}: {', '.join(map(code, group.cases[:_CASES]))}"
    more = f" and {len(group.cases) - _CASES} more" if group.cases[_CASES:] else ""
    yield f"- {mark}**{text(group.what)}** ({cases}{more})"
    for before, after in map(cut_way, group.ways[:_WAYS]):
        yield f"  - {_way(before, after)}"
    if group.ways[_WAYS:]:
        yield f"  - and in {len(group.ways) - _WAYS} more ways"


def _way(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"new: {code(after)}" if after is not None else f"gone: {code(before or '')}"
    return f"{code(before)} → {code(after)}"


def html_text(found: Drift) -> str:
    """Render a comparison as one self-contained HTML page."""
    return page(
        "drift.html.j2",
        {"visible": visible, "cut_way": cut_way},
        found=found,
        headline=headline(found),
        notes=uncompared(found),
        sections=[(ABOUT[part], groups) for part, groups in sections(found)],
    )
