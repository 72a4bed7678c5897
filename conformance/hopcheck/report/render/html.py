"""A report as one self-contained HTML page: no network, and readable without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from hopcheck.report.compare import compare, summary
from hopcheck.report.document import (
    OUTCOMES,
    CaseEntry,
    Document,
    by_profile,
    counts,
    failed_findings,
    fails,
    headline,
    not_asked,
    reasons_known,
    red_cases,
    replay_line,
)
from hopcheck.report.render.pages import page
from hopcheck.report.render.values import (
    as_json,
    difference,
    expectation,
    gist,
    lines_visible,
    short,
    summary_line,
    visible,
)
from hopcheck.report.render.wire import lanes, moments

MAX_UNFOLDED = 6
"""Up to this number of red cases, the page shows them unfolded."""

_LONG = 240  # characters of a value that a table cell shows
_MARKS = {
    "conforms": "✓",
    "advisory": "!",
    "deviates": "✕",
    "flaky": "≈",
    "untestable": "?",
    "not-applicable": "○",
    "broken": "⚡",
}


def html_text(document: Document, other: Document | None = None) -> str:
    """Render the page.

    Args:
        document: The report.
        other: Another target's report, to compare with.

    Returns:
        The page. All that a target sent is escaped.
    """
    red = red_cases(document)
    compared = compare(other, document) if other else None
    return page(
        "report.html.j2",
        {"visible": visible, "prose": _prose, "ms": _milliseconds},
        document=document,
        headline=headline(document),
        holds=document["summary"]["exit"] == 0,
        total=len(document["cases"]),
        totals=counts(document["cases"]),
        outcomes=OUTCOMES,
        marks=_MARKS,
        profiles=[
            {
                "name": name,
                "counts": counts(cases),
                "total": len(cases),
                "cases": [_case(one, document) for one in cases],
            }
            for name, cases in by_profile(document).items()
        ],
        failing=[{**case, "why": _why(case)} for case in red],
        open_red=len(red) <= MAX_UNFOLDED,
        declares=[(name, as_json(value)) for name, value in document["target"]["declares"].items()],
        not_asked=not_asked(document),
        replayed=replay_line(document),
        compared=compared,
        compared_summary=summary(compared) if compared else "",
    )


def _case(case: CaseEntry, document: Document) -> dict[str, Any]:
    drawn, length = lanes(case["exchanges"])
    return {
        **case,
        "red": fails(case, strict=document["strict"]),
        "findings": [_finding(finding) for finding in case["findings"]],
        "failing": len(failed_findings(case)),
        "known": reasons_known(document, case["id"]) if case["baseline"] else [],
        "moments": moments(case["exchanges"]),
        "lanes": drawn,
        "length_ms": length,
    }


def _why(case: CaseEntry) -> str:
    """What is wrong with a case, in a line."""
    found = failed_findings(case)
    if case["baseline"] == "stale":
        return "its entry in the baseline is stale"
    if case["reason"] or not found:
        return gist(case["reason"])
    return summary_line(found[0]) + (f", and {len(found) - 1} more" if len(found) > 1 else "")


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    changed = [] if finding["ok"] else difference(finding["expected"], finding["actual"])
    return {
        **finding,
        "expected": expectation(finding["expected"], _LONG),
        "actual": short(finding["actual"], _LONG),
        "difference": [(_sign(line), line) for line in changed],
    }


def _sign(line: str) -> str:
    return {"-": "minus", "+": "plus"}.get(line[:1], "")


def _prose(text: str) -> Markup:
    """Text whose parts in backticks are code."""
    shown = lines_visible(text)
    pieces = shown.split("`")
    if len(pieces) % 2 == 0 or "\n" in shown:  # a backtick without its partner is itself, and so is a traceback's
        return escape(shown)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )


def _milliseconds(value: float) -> str:
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{value:,.{digits}f}"
