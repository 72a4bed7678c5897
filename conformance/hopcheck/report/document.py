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

OWN_FEATURES = frozenset({"llm_proxy", "outage", "direct_fallback", "refuses_control_fields"})
"""Keys of LLM-Proxy's own features, which nobody else is asked to declare."""

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
    if not document["target"]["declares"].get("llm_proxy"):
        skipped = [case for case in skipped if not OWN_FEATURES.intersection(case["undeclared"])]
    reasons = Counter((tuple(case["undeclared"]), "" if case["undeclared"] else case["reason"]) for case in skipped)
    return [_not_asked(undeclared, reason, count) for (undeclared, reason), count in reasons.most_common()]


def _not_asked(undeclared: Sequence[str], reason: str, count: int) -> str:
    if undeclared:
        return f"{_remedy(undeclared)} to hold it to {count} more"
    return f"{reason or 'not possible in this run'}: {many(count, 'case')}"


def _remedy(undeclared: Sequence[str]) -> str:
    return " and ".join(f"set `{_SET_BY[need]}`" if need in _SET_BY else f"declare `{need}`" for need in undeclared)


def replay_line(document: Document) -> str:
    """The cassettes in LiteLLM's place, in one line; "" without any."""
    replay = document["target"]["replay"]
    if not replay:
        return ""
    cassettes = f"{many(replay['cassettes'], 'cassette')} of LiteLLM {', '.join(replay['litellm'])}"
    return (
        f"{cassettes}, {many(replay['live_only'], 'case')} live-only, "
        f"{many(replay['scripted'], 'case')} asked again with a failing LiteLLM"
    )


def replay_problems(document: Document) -> list[str]:
    """The problems that fail a replay and belong to no case."""
    replay = document["target"]["replay"]
    return list(replay["problems"]) if replay else []


def reasons_known(document: Document, case: CaseEntry) -> list[str]:
    """The baseline's reasons for a case on its operation, each with its issue if it has one."""
    entries = document["baseline"]["deviations"] if document["baseline"] else []
    own = [one for one in entries if (one["case"], one["provider"]) == (case["id"], case["provider"])]
    found = [entry for entry in own if entry["operation"] in ("", case["operation"])]
    return [entry["reason"] + (f" ({entry['issue']})" if entry["issue"] else "") for entry in found]


def failed_findings(case: CaseEntry) -> list[Mapping[str, Any]]:
    """The findings of a case that do not hold."""
    return [finding for finding in case["findings"] if not finding["ok"]]


def many(count: int, word: str, plural: str = "") -> str:
    """A number with its noun."""
    return f"{count} {word if count == 1 else plural or word + 's'}"
