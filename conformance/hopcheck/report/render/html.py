"""A report as one self-contained HTML page: no network, and readable without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from hopcheck.report.cause_view import (
    cause_line,
    cause_reasons,
    causes_by_check,
    keeper_of,
    kept_from_asking,
    masked_lines,
    met_by,
    run_notes,
    shown_id,
    suggestions,
)
from hopcheck.report.compare import compare, summary
from hopcheck.report.document import (
    OUTCOMES,
    CaseEntry,
    CauseEntry,
    Document,
    by_profile,
    counts,
    failed_findings,
    fails,
    not_asked,
    other_causes,
    reasons_known,
    red_cases,
    red_causes,
    replay_line,
)
from hopcheck.report.render.client_view import client_rows
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
from hopcheck.report.tally import headline

MAX_UNFOLDED = 6
"""Up to this number of red cases, the page shows them unfolded."""

CAUSES_UNFOLDED = 1
"""Red causes that the page shows unfolded."""

_LONG = 240  # characters of a value that a table cell shows
_STANDING_STYLES = {"works": "conforms", "degraded": "advisory", "broken": "deviates", "not asked": "not-applicable"}
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
        {"visible": visible, "prose": _prose, "ms": _milliseconds, "anchor": _anchor},
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
        causes=_causes(document),
        clients=client_rows(document),
        styles=_STANDING_STYLES,
        held=_held(document),
        suggestions=suggestions(document),
        run_notes=run_notes(document),
        failing=[{**case, "shown_id": shown_id(case), "why": _why(case)} for case in red],
        open_red=len(red) <= MAX_UNFOLDED,
        declares=[(name, as_json(value)) for name, value in document["target"]["declares"].items()],
        not_asked=not_asked(document),
        replayed=replay_line(document),
        compared=compared,
        compared_summary=summary(compared) if compared else "",
    )


def _held(document: Document) -> list[dict[str, Any]]:
    """What was held against every exchange; of a check whose messages aren't counted, only its causes are known."""
    counted = {one["check"]: one for one in document["held"]}
    return [
        {"judged": {}, **counted.get(check, {}), "check": check, "causes": causes}
        | ({"requirement": causes[0]["requirement"]} if causes else {})
        for check, causes in causes_by_check(document).items()
    ]


def _causes(document: Document) -> list[dict[str, Any]]:
    """The causes that fail the gate, then the others."""
    red = red_causes(document)
    return [
        _cause(cause, document) | {"red": place < len(red), "open": place < min(len(red), CAUSES_UNFOLDED)}
        for place, cause in enumerate([*red, *other_causes(document)])
    ]


def _cause(cause: CauseEntry, document: Document) -> dict[str, Any]:
    return {
        **cause,
        "line": cause_line(document, cause),
        "known": cause_reasons(document, cause),
        "met": [_named(case) for case in met_by(document, cause)],
        "kept": [_named(case) for case in kept_from_asking(document, cause)],
        "examples": [{**one, **_wire_log(one), "exchanges_left_out": 0} for one in cause["examples"]],
    }


def _named(case: CaseEntry) -> dict[str, Any]:
    return {**case, "shown_id": shown_id(case)}


def _case(case: CaseEntry, document: Document) -> dict[str, Any]:
    return {
        **_named(case),
        **_wire_log(case),
        "red": fails(case, strict=document["strict"]),
        "findings": [_finding(finding) for finding in case["findings"]],
        "failing": len(failed_findings(case)),
        "known": reasons_known(document, case) if case["baseline"] else [],
        "keeper": keeper_of(document, case),
        "masked": masked_lines(case),
    }


def _wire_log(entry: Mapping[str, Any]) -> dict[str, Any]:
    drawn, length = lanes(entry["exchanges"])
    return {"moments": moments(entry["exchanges"]), "lanes": drawn, "length_ms": length}


def _anchor(shown: str) -> str:
    """A case's place on the page: `errors.shape[chat]` stands at `errors.shape~chat`."""
    return shown.replace("[", "~").rstrip("]")


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
