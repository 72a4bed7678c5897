"""Read a report document: what failed, what was not asked, and what the run's exit code is.

A report document is the JSON that `hopcheck.report.build` builds; everything that is shown is a function of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from hopcheck.engine.verdict import FAILING, Outcome

SCHEMA_NAME = "hopcheck.report/2"
OUTCOMES = tuple(str(outcome) for outcome in Outcome)

_SET_BY = {"second_key": "second_api_key_env", "logs": "log_file"}

Document = Mapping[str, Any]
"""A whole report."""

CaseEntry = Mapping[str, Any]
"""One of its cases."""

CauseEntry = Mapping[str, Any]
"""One of its causes."""


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    schema = files("hopcheck.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True)


def violations(document: object) -> list[str]:
    """What keeps a JSON value from being a report: one line for each place; empty when it is one."""
    found = _validator().iter_errors(document)
    return [f"{'/'.join(map(str, error.instance_path)) or 'the document'}: {error.message}" for error in found]


def load_document(path: Path) -> Document:
    """Read a report from its file.

    Raises:
        ValueError: It isn't JSON, or not a report of this version.
        OSError: It can't be read.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    wrong = violations(document)
    if wrong:
        raise ValueError(f"{path} is not a {SCHEMA_NAME} report: {wrong[0]}")
    return dict(document)


def fails(entry: CaseEntry | CauseEntry, *, strict: bool) -> bool:
    """Whether a case or cause alone turns the gate red: a failing outcome that isn't listed, or a stale listing.

    A case that couldn't be asked because of a cause counts with that cause.
    """
    if entry.get("untestable_by"):
        return False
    if entry["baseline"] == "stale" or entry["outcome"] == Outcome.BROKEN:
        return True
    counts = entry["outcome"] in FAILING or (strict and entry["outcome"] == Outcome.ADVISORY)
    return counts and entry["baseline"] != "listed"


def exit_code(
    entries: Sequence[CaseEntry | CauseEntry],
    *,
    strict: bool,
    problems: Sequence[str],
    partial: bool,
    interrupted: bool,
    ended_early: bool = False,
) -> int:
    """The exit code of a run.

    Args:
        entries: The cases and causes.
        strict: Whether an advisory fails too.
        problems: What is wrong with the baseline.
        partial: Cases are missing that were to be run.
        interrupted: Because somebody stopped it.
        ended_early: Because nothing more could be learnt.

    Returns:
        130 when interrupted, whatever was learnt; else 4 when a case is broken, since its silence says nothing of the
        target; else 3 when the run ended early; else 1 when a case or a cause fails, the baseline has a problem, or
        nothing was judged; else 0.
    """
    if interrupted:
        return 130
    if any(entry["outcome"] == Outcome.BROKEN for entry in entries):
        return 4
    if ended_early:
        return 3
    judged = any(entry["outcome"] != Outcome.NOT_APPLICABLE for entry in entries)
    holds = judged and not partial and not problems and not any(fails(entry, strict=strict) for entry in entries)
    return 0 if holds else 1


def red_cases(document: Document) -> list[CaseEntry]:
    """The cases that fail the gate, in the report's order."""
    return [case for case in document["cases"] if fails(case, strict=document["strict"])]


def red_causes(document: Document) -> list[CauseEntry]:
    """The causes that fail the gate, what matters most first."""
    return [cause for cause in document["causes"] if fails(cause, strict=document["strict"])]


def other_causes(document: Document) -> list[CauseEntry]:
    """The causes that don't fail the gate: known ones, and advisories."""
    return [cause for cause in document["causes"] if not fails(cause, strict=document["strict"])]


def listed_cases(document: Document) -> list[CaseEntry]:
    """The cases that deviate as the baseline lists."""
    return [case for case in document["cases"] if case["baseline"] == "listed"]


def advisories(document: Document) -> list[CaseEntry]:
    """The cases in which a SHOULD or MAY doesn't hold, unless they fail the gate or are listed."""
    advisory = [case for case in document["cases"] if case["outcome"] == Outcome.ADVISORY and not case["baseline"]]
    return [] if document["strict"] else advisory


def by_profile(document: Document) -> dict[str, list[CaseEntry]]:
    """The cases of each profile, in the report's order."""
    grouped: dict[str, list[CaseEntry]] = {}
    for case in document["cases"]:
        grouped.setdefault(case["profile"], []).append(case)
    return grouped


def counts(cases: Iterable[CaseEntry]) -> dict[str, int]:
    """How many cases have each outcome; every outcome is a key."""
    counted = Counter(case["outcome"] for case in cases)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def not_asked(document: Document) -> list[str]:
    """Why cases were not applicable, one line for each reason, the most frequent first."""
    skipped = [case for case in document["cases"] if case["outcome"] == Outcome.NOT_APPLICABLE]
    reasons = Counter((tuple(case["undeclared"]), "" if case["undeclared"] else case["reason"]) for case in skipped)
    return [_not_asked(undeclared, reason, count) for (undeclared, reason), count in reasons.most_common()]


def _not_asked(undeclared: Sequence[str], reason: str, count: int) -> str:
    if undeclared:
        return f"{_remedy(undeclared)} to hold it to {count} more"
    return f"{reason or 'not possible in this run'}: {_many(count, 'case')}"


def _remedy(undeclared: Sequence[str]) -> str:
    return " and ".join(f"set `{_SET_BY[need]}`" if need in _SET_BY else f"declare `{need}`" for need in undeclared)


def replay_line(document: Document) -> str:
    """The cassettes in LiteLLM's place, in one line; "" without any."""
    replay = document["target"]["replay"]
    if not replay:
        return ""
    cassettes = f"{_many(replay['cassettes'], 'cassette')} of LiteLLM {', '.join(replay['litellm'])}"
    return (
        f"{cassettes}, {_many(replay['live_only'], 'case')} live-only, "
        f"{_many(replay['scripted'], 'case')} asked again with a failing LiteLLM"
    )


def replay_problems(document: Document) -> list[str]:
    """The problems that fail a replay and belong to no case."""
    replay = document["target"]["replay"]
    return list(replay["problems"]) if replay else []


def reasons_known(document: Document, case_id: str) -> list[str]:
    """The baseline's reasons for a case, each with its issue if it has one."""
    entries = document["baseline"]["deviations"] if document["baseline"] else []
    found = [entry for entry in entries if entry["case"] == case_id]
    return [entry["reason"] + (f" ({entry['issue']})" if entry["issue"] else "") for entry in found]


def failed_findings(case: CaseEntry) -> list[Mapping[str, Any]]:
    """The findings of a case that do not hold."""
    return [finding for finding in case["findings"] if not finding["ok"]]


def headline(document: Document) -> str:
    """The run in one line."""
    red, causes = len(red_cases(document)), len(red_causes(document))
    summary, name = document["summary"], document["target"]["name"]
    judged = sum(summary[outcome] for outcome in OUTCOMES) - summary["not-applicable"]
    notes = _accepted(document)
    match summary["exit"]:
        case 0:
            return f"{name} holds: {_many(summary['conforms'], 'requirement')} kept{notes}"
        case 130:
            return (
                f"{name}: interrupted after {len(document['cases'])} of {summary['selected']} cases, {red} red so far"
            )
        case 4:
            return f"{name}: hopcheck itself failed in {summary['broken']} of {judged} cases, {red} red in all"
        case _ if not judged:
            return f"{name}: nothing was judged, so nothing holds"
        case 3:
            return f"{name} can't be tested: {document['ended_early']}"
        case _ if not red and not causes and replay_problems(document):
            return f"{name} doesn't hold: it asked LiteLLM for what isn't on the cassettes{notes}"
        case _ if not red and not causes:
            return f"{name} doesn't hold: the baseline needs an update{notes}"
        case _:
            found = f"{_many(causes, 'cause')} on its exchanges, " if causes else ""
            return f"{name} doesn't hold: {found}{red} of {_many(judged, 'requirement')} fail{'s' * (red == 1)}{notes}"


def shown_id(case: CaseEntry) -> str:
    """A case's id with its operation: `errors.shape[chat]`."""
    return f"{case['id']}[{case['operation']}]"


def kept_from_asking(document: Document, cause: CauseEntry) -> list[str]:
    """The cases that couldn't be asked because of a cause."""
    key = f"{cause['check']}: {cause['cause']}"
    return [shown_id(case) for case in document["cases"] if case["untestable_by"] == key]


def cause_line(cause: CauseEntry) -> str:
    """Where a cause was met: how often, on which operations, in how many cases."""
    times = "once" if cause["count"] == 1 else f"{cause['count']} times"
    return f"{times}, on {', '.join(cause['operations'])}; met by {_many(len(cause['cases']), 'case')}"


def cause_reasons(document: Document, cause: CauseEntry) -> list[str]:
    """The baseline's reasons for a cause."""
    entries = document["baseline"]["deviations"] if document["baseline"] else []
    found = [one for one in entries if (one["check"], one["complaint"]) == (cause["check"], cause["cause"])]
    return [entry["reason"] + (f" ({entry['issue']})" if entry["issue"] else "") for entry in found]


def _accepted(document: Document) -> str:
    counted = document["summary"]["causes"]
    advisory = len(advisories(document)) + (0 if document["strict"] else counted["advisory"])
    listed = len(listed_cases(document)) + counted["listed"]
    notes = [_many(advisory, "advisory", "advisories")] if advisory else []
    notes += [_many(listed, "known deviation")] if listed else []
    return "".join(f", {note}" for note in notes)


def _many(count: int, word: str, plural: str = "") -> str:
    return f"{count} {word if count == 1 else plural or word + 's'}"
