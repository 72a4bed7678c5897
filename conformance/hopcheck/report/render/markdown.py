"""A report as Markdown, fit for the summary of a CI job or a comment on a change."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hopcheck.report.cause_view import (
    cause_line,
    cause_reasons,
    kept_from_asking,
    masked_lines,
    run_notes,
    shown_id,
    suggestions,
)
from hopcheck.report.document import (
    OUTCOMES,
    CaseEntry,
    CauseEntry,
    Document,
    advisories,
    by_profile,
    counts,
    failed_findings,
    listed_cases,
    not_asked,
    other_causes,
    reasons_known,
    red_cases,
    red_causes,
    replay_line,
    replay_problems,
)
from hopcheck.report.render.client_view import ClientRow, client_rows
from hopcheck.report.render.provider_view import provider_rows, providers_of
from hopcheck.report.render.values import difference, expectation, lines_visible, short, summary_line, visible
from hopcheck.report.tally import headline

IN_FULL = 50
"""Red cases that are shown with all that was found: a job summary has a limit of size."""


def markdown_text(document: Document) -> str:
    """The verdict, the causes, the red cases with what was expected and what came, a table, and the rest in lines."""
    mark = "✅" if document["summary"]["exit"] == 0 else "❌"
    target, red = document["target"], red_cases(document)
    server = f", which calls itself {code(target['server'])}" if target["server"] else ""
    ran = f"{len(document['cases'])} cases in {document['duration_s']:.1f} s"
    parts = [
        f"## {mark} {text(headline(document))}",
        f"hopcheck {document['tool']['version']} on {code(target['base_url'])}{server}: {ran}.",
        *([f"Replayed: {text(replay_line(document))}."] if replay_line(document) else []),
        *(["**Partial**: not every case was run."] if document["partial"] else []),
        *(_cause(document, cause) for cause in red_causes(document)),
        _list("Other causes", (_cause_in_a_line(document, cause) for cause in other_causes(document))),
        *(_red_case(case) for case in red[:IN_FULL]),
        *([f"And {len(red) - IN_FULL} more."] if red[IN_FULL:] else []),
        _profile_table(document),
        _provider_table(document),
        _client_table(document),
        _list("Known deviations", (_known(document, case) for case in listed_cases(document))),
        _list("Baseline", map(text, document["baseline"]["problems"] if document["baseline"] else ())),
        _list("Replay", map(text, replay_problems(document))),
        _list("Advisory", map(_advisory, advisories(document)), folded=True),
        _list("Not applicable", map(text, not_asked(document)), folded=True),
        _list("Suggested declarations", map(text, suggestions(document))),
        _list("Notes", map(text, run_notes(document))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(shown: str) -> str:
    """Text that Markdown and HTML leave as it is, but for code between backticks."""
    pieces = re.split(r"(`[^`]*`)", visible(shown))
    return "".join(
        code(one[1:-1]) if one.startswith("`") and one.endswith("`") and len(one) > 1 else _escaped(one)
        for one in pieces
    )


def code(shown: str) -> str:
    """Text as code; an element, since backticks can't hold backticks or a table's bars."""
    return f"<code>{_escaped(visible(shown))}</code>"


_MARKS = re.compile(r"[\\`*|~@#]|(?<!\w)_|_(?!\w)|(?<=\])[(\[]")
"""What Markdown reads as more than itself in running text; `#1` and `@name` would become links on a forge."""


def _escaped(shown: str) -> str:
    return _MARKS.sub(lambda found: f"&#{ord(found.group())};", html.escape(shown, quote=False))


def table(head: Iterable[str], rows: Iterable[Iterable[str]], right: int = 0) -> str:
    """A Markdown table of cells that are Markdown already; columns from `right` on hold numbers."""
    names = list(head)
    rule = ["---:" if right and place >= right else "---" for place in range(len(names))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rule, *rows))


def _profile_table(document: Document) -> str:
    def row(name: str, cases: list[CaseEntry]) -> list[str]:
        return [name, str(len(cases)), *(str(count or "·") for count in counts(cases).values())]

    rows = [row(text(profile), cases) for profile, cases in by_profile(document).items()]
    return table(["profile", "cases", *OUTCOMES], [*rows, row("**all**", document["cases"])], right=1)


def _provider_table(document: Document) -> str:
    """The outcomes of each case with each provider, folded; "" if no provider was asked for."""
    names = providers_of(document)
    if not names:
        return ""
    rows = [[code(name), *map(text, outcomes)] for name, *outcomes in provider_rows(document)]
    return f"<details><summary>Cases by provider</summary>\n\n{table(['case', *map(text, names)], rows)}\n\n</details>"


def _client_table(document: Document) -> str:
    """Each client's standing and what is behind it; "" if none of them was asked for."""
    rows = [[f"{row.mark} {text(row.title)}", row.standing, _reasons(row)] for row in client_rows(document)]
    return table(["client", "", "because"], rows) if rows else ""


def _reasons(row: ClientRow) -> str:
    shown = [f"{text(why)} ({text(names)})" for why, _, names in row.reasons]
    return "<br>".join(shown) or text(row.asked)


def _cause(document: Document, cause: CauseEntry) -> str:
    """A cause that fails the gate: its sentence, where it was met, and its examples folded."""
    lines = [
        f"### {cause['id']} {text(cause['sentence'])}",
        "",
        f"**{cause['category']}**, {cause['level']} {code(cause['check'])}: {text(cause['requirement'])}",
        f"{text(cause_line(document, cause))}{_kept(document, cause)}",
        *(part for example in cause["examples"] for part in ("", _example(example))),
    ]
    return "\n".join(lines)


def _kept(document: Document, cause: CauseEntry) -> str:
    kept = [code(shown_id(case)) for case in kept_from_asking(document, cause)]
    return f" Not asked because of it: {', '.join(kept)}." if kept else ""


def _example(example: Mapping[str, Any]) -> str:
    """What was wrong, as the fold's title, and the curl line under it; without one, a line."""
    title = f"in {code(example['case'])} on {example['operation']}: {text(example['detail'])}"
    if not example["reproduce"]:
        return f"- {title}"
    asked = fence(visible(example["reproduce"]), "sh")
    return f"<details><summary>{title}</summary>\n\n{asked}\n\n</details>"


def _cause_in_a_line(document: Document, cause: CauseEntry) -> str:
    known = "".join(f" **Known:** {text(reason)}" for reason in cause_reasons(document, cause))
    return f"{cause['id']} {text(cause['sentence'])} {text(cause_line(document, cause))}{_kept(document, cause)}{known}"


def _red_case(case: CaseEntry) -> str:
    outcome = "stale entry in the baseline" if case["baseline"] == "stale" else case["outcome"]
    lines = [
        "<details open>",
        f"<summary><b>{code(shown_id(case))}</b> {case['level']}, {outcome}: {text(case['requirement'])}</summary>",
        "",
        *([_reason(case["reason"]), ""] if case["reason"] else []),
        *(part for finding in failed_findings(case) for part in (_finding(finding), "")),
        *(f"Not compared: {text(line)}\n" for line in masked_lines(case)),
        *([f"Rests on {', '.join(map(code, case['refs']))}.", ""] if case["refs"] else []),
        *([fence(visible(case["reproduce"]), "sh"), ""] if case["reproduce"] else []),
        "</details>",
    ]
    return "\n".join(lines)


def _reason(reason: str) -> str:
    return fence(lines_visible(reason), "text") if "\n" in reason else text(reason)


def _finding(finding: Mapping[str, Any]) -> str:
    level = f" ({finding['level']})" if finding["level"] != "MUST" else ""
    changed = difference(finding["expected"], finding["actual"])
    if changed:
        return f"**{text(finding['check'])}**{level}\n\n{fence(chr(10).join(changed), 'diff')}"
    expected, actual = expectation(finding["expected"]), short(finding["actual"])
    return f"**{text(finding['check'])}**{level}: expected {code(expected)}, got {code(actual)}"


def fence(shown: str, language: str) -> str:
    """A block of code whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{language}\n{shown}\n{bar}"


def _list(title: str, items: Iterable[str], *, folded: bool = False) -> str:
    lines = [f"- {item}" for item in items]
    if not lines:
        return ""
    if folded:
        return "\n".join([f"<details><summary>{title}: {len(lines)}</summary>", "", *lines, "", "</details>"])
    return "\n".join([f"**{title}: {len(lines)}**", "", *lines])


def _known(document: Document, case: CaseEntry) -> str:
    return f"{code(shown_id(case))} {text('; '.join(reasons_known(document, case)))}"


def _advisory(case: CaseEntry) -> str:
    return f"{code(shown_id(case))} {text(summary_line(failed_findings(case)[0]))}"
