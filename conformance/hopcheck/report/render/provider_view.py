"""What a report says of each provider behind a target: the outcomes of each case, side by side."""

from __future__ import annotations

from hopcheck.engine.verdict import Outcome
from hopcheck.report.document import CaseEntry, Document, counts

WORST_FIRST = (
    Outcome.BROKEN,
    Outcome.DEVIATES,
    Outcome.FLAKY,
    Outcome.UNTESTABLE,
    Outcome.ADVISORY,
    Outcome.CONFORMS,
    Outcome.NOT_APPLICABLE,
)
"""Of a case's outcomes on several operations, the first of these stands for all."""


def providers_of(document: Document) -> list[str]:
    """The providers that were asked, by name; none if only the target's own models were."""
    return sorted({case["provider"] for case in document["cases"]} - {""})


def provider_lines(document: Document) -> list[str]:
    """How each provider's cases ended, a line each."""
    return [f"{name}: {_counted(_cases_on(document, name))}" for name in providers_of(document)]


def provider_rows(document: Document) -> list[tuple[str, ...]]:
    """A row for each case: its id, and its outcome with each provider, listed deviations in brackets."""
    names = providers_of(document)
    ids = dict.fromkeys(case["id"] for case in document["cases"] if case["provider"])
    by_place: dict[tuple[str, str], list[CaseEntry]] = {}
    for case in document["cases"]:
        by_place.setdefault((case["id"], case["provider"]), []).append(case)
    return [(one, *(_outcome(by_place.get((one, name), [])) for name in names)) for one in ids]


def _cases_on(document: Document, provider: str) -> list[CaseEntry]:
    return [case for case in document["cases"] if case["provider"] == provider]


def _counted(cases: list[CaseEntry]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts(cases).items() if count)


def _outcome(cases: list[CaseEntry]) -> str:
    worst = next((one for one in WORST_FIRST if any(case["outcome"] == one for case in cases)), None)
    if worst is None:
        return "·"
    is_listed = all(case["baseline"] == "listed" for case in cases if case["outcome"] == worst)
    return f"({worst})" if is_listed else str(worst)
