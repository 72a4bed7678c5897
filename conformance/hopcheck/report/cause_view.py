"""What a report says of its causes: where each was met, which cases it kept from being asked, why it is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hopcheck.authoring.case_names import case_key
from hopcheck.engine.verdict import place_of
from hopcheck.report.document import CaseEntry, CauseEntry, Document, fails, many


def shown_id(case: CaseEntry) -> str:
    """A case's id with its operation: `errors.shape[chat]`."""
    return case_key(case["id"], place_of(case["operation"], case["provider"]))


def key_of(cause: CauseEntry) -> str:
    """Check and cause as one text, by which baselines and untestable cases name it."""
    return f"{cause['check']}: {cause['cause']}"


def met_by(document: Document, cause: CauseEntry) -> list[CaseEntry]:
    """The cases that met a cause, in its order."""
    entries = {shown_id(case): case for case in document["cases"]}
    return [entries[key] for key in cause["cases"] if key in entries]


def kept_from_asking(document: Document, cause: CauseEntry) -> list[CaseEntry]:
    """The cases that couldn't be asked because of a cause."""
    return [case for case in document["cases"] if case["untestable_by"] == key_of(cause)]


def keeper_of(document: Document, case: CaseEntry) -> CauseEntry | None:
    """The cause that kept a case from being asked."""
    if not case["untestable_by"]:
        return None
    return next((cause for cause in document["causes"] if key_of(cause) == case["untestable_by"]), None)


def cause_line(document: Document, cause: CauseEntry) -> str:
    """Where a cause was met: how often, on which operations, in how many cases, and where it was set aside."""
    times = "Once" if cause["count"] == 1 else f"{cause['count']} times"
    masked = len(masked_by(document, cause))
    aside = f" Set aside where it is not the question: in {many(masked, 'case')}." if masked else ""
    return f"{times}, on {', '.join(cause['operations'])}; met by {many(len(cause['cases']), 'case')}.{aside}"


def cause_reasons(document: Document, cause: CauseEntry) -> list[str]:
    """The baseline's reasons for a cause where it was met, each once, and with its issue if it has one."""
    entries = document["baseline"]["deviations"] if document["baseline"] else []
    named = [one for one in entries if (one["check"], one["complaint"]) == (cause["check"], cause["cause"])]
    found = [one for one in named if _is_about(one, cause["operations"])]
    return list(dict.fromkeys(one["reason"] + (f" ({one['issue']})" if one["issue"] else "") for one in found))


def _is_about(entry: Mapping[str, Any], places: Iterable[str]) -> bool:
    """Whether an entry is about one of these operations, each with its provider."""
    return any(place_of(entry["operation"] or place.partition("@")[0], entry["provider"]) == place for place in places)


def causes_by_check(document: Document) -> dict[str, list[CauseEntry]]:
    """The causes of every check that was held against the exchanges, also of those that found none."""
    found: dict[str, list[CauseEntry]] = {one["check"]: [] for one in document["held"]}
    for cause in document["causes"]:
        found.setdefault(cause["check"], []).append(cause)
    return found


def failing_causes(document: Document, causes: Iterable[CauseEntry]) -> list[CauseEntry]:
    """Those of the causes that fail the gate."""
    return [cause for cause in causes if fails(cause, strict=document["strict"])]


def masked_lines(case: CaseEntry) -> list[str]:
    """The comparisons of a case that were made without a known defect of the target's, one line each."""
    return [f"{one['comparison']}, without what is known ({one['cause']})" for one in case["masked"]]


def masked_by(document: Document, cause: CauseEntry) -> list[CaseEntry]:
    """The cases whose comparisons were made without what a cause says of the target."""
    return [case for case in document["cases"] if key_of(cause) in {one["cause"] for one in case["masked"]}]


def suggestions(document: Document) -> list[str]:
    """What preflight proposes to declare, or says is off, in sentences."""
    return list(_lines((document.get("preflight") or {}).get("suggestions")))


def run_notes(document: Document) -> list[str]:
    """What has to be known about the run, such as the pace that the target's own limit asked for."""
    return [*_lines(document.get("pace")), *_lines(document.get("notes"))]


def _lines(value: Any) -> Iterable[str]:
    """A text, or a list of texts and of objects, as lines."""
    match value:
        case None | "":
            return
        case str():
            yield value
        case Mapping():
            yield str(value["sentence"]) if "sentence" in value else ": ".join(map(str, filter(None, value.values())))
        case _:
            for one in value:
                yield from _lines(one)
