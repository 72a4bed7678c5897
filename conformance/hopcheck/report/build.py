"""Build the report document, `hopcheck.report/2`, and write files whole or not at all.

Knows the document's shape (`hopcheck_contracts/report.schema.json`) and keeps secrets out of it. Knows no rendering.
"""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hopcheck.authoring.areas import AREAS
from hopcheck.authoring.duties import why_not_owed
from hopcheck.authoring.findings import Finding, Level
from hopcheck.authoring.registry import Case
from hopcheck.client.config import DECLARABLE, TargetConfig
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.baseline import Baseline, Deviation, Judgement
from hopcheck.report.cause_entries import cause_counts, cause_entry, exchanges_by_operation, held_entries
from hopcheck.report.causes import causes_of
from hopcheck.report.document import SCHEMA_NAME, counts, exit_code
from hopcheck.report.excerpts import EXCHANGES_LIMIT, cut_pair, exchange_excerpt, jsonable
from hopcheck.report.redaction import secrets_of
from hopcheck.report.target_entry import target_entry
from hopcheck_server.redaction import SecretRedactor

LIVE_ONLY = "live-only: "
"""The prefix of the reason of a case that cassettes can't judge."""

SCRIPTED = "replay.scripted"
"""The finding of a case that ran a second time, with its own script in LiteLLM's place."""


@dataclass(frozen=True)
class Replay:
    """The cassettes that stood in for LiteLLM.

    Attributes:
        folder: Where they are.
        litellm: The versions that were recorded.
        cassettes: How many there are.
        problems: Sentences that fail the run and belong to no case.
    """

    folder: str
    litellm: Sequence[str]
    cassettes: int
    problems: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a report says about a run, besides its verdicts.

    Attributes:
        started: When it began, with a time zone.
        duration_s: Wall time, in seconds.
        selected: How many cases were to be run.
        interrupted: Whether it was interrupted.
        strict: Whether advisories fail, too.
        one_sided: Whether the target had no upstream of ours.
        ended_early: Why the run ended before its cases were through; "" if it didn't.
        notes: Sentences about the run as a whole, such as the pace that the target's own rate limit asked for.
        replay: The cassettes that stood in for LiteLLM, or None.
        suggestions: What preflight suggests to declare, each with the line for the target file and a sentence.
        secrets: Values to redact in addition to the target's own keys, such as the provider's key.
    """

    started: datetime.datetime
    duration_s: float
    selected: int
    interrupted: bool = False
    strict: bool = False
    one_sided: bool = False
    ended_early: str = ""
    notes: Sequence[str] = ()
    replay: Replay | None = None
    suggestions: Sequence[Mapping[str, str]] = ()
    secrets: Sequence[str] = field(default=(), repr=False)


def build(
    verdicts: Sequence[Verdict],
    cases: Mapping[str, Case],
    target: TargetConfig,
    run: RunSummary,
    baseline: Baseline | None = None,
    judgement: Judgement | None = None,
) -> dict[str, Any]:
    """Build the report document.

    Args:
        verdicts: In any order; the report has them by profile.
        cases: By id; at least those of the verdicts.
        target: What was judged; its keys are replaced wherever they appear.
        run: When and how.
        baseline: The known deviations, if a file was given.
        judgement: These verdicts, judged by the baseline.

    Returns:
        JSON that is valid by the schema.
    """
    judged = judgement or Judgement()
    ordered = sorted(verdicts, key=lambda verdict: _place(cases[verdict.case_id], verdict))
    redactor = SecretRedactor(secrets_of(target, run.secrets))
    entries = [_entry(cases[one.case_id], one, target, run, judged, redactor) for one in ordered]
    causes = [cause_entry(number, one, judged, redactor) for number, one in enumerate(causes_of(ordered), 1)]
    partial = run.interrupted or len(entries) < run.selected
    problems = [*judged.problems, *(run.replay.problems if run.replay else ())]
    code = exit_code(
        [*entries, *causes],
        strict=run.strict,
        problems=problems,
        partial=partial,
        interrupted=run.interrupted,
        ended_early=bool(run.ended_early),
    )
    listed = sum(entry["baseline"] == "listed" for entry in entries)
    return {
        "schema": SCHEMA_NAME,
        "tool": {"name": "hopcheck", "version": version("hopcheck")},
        "started": run.started.astimezone(datetime.UTC).isoformat(timespec="seconds"),
        "duration_s": round(run.duration_s, 3),
        "partial": partial,
        "ended_early": redactor.value(jsonable(run.ended_early)),
        "notes": redactor.value(jsonable(list(run.notes))),
        "strict": run.strict,
        "target": redactor.value(_target(target, run, entries)),
        "preflight": {"suggestions": redactor.value([dict(one) for one in run.suggestions])},
        "summary": {
            **counts(entries),
            "listed": listed,
            "causes": cause_counts(causes),
            "selected": run.selected,
            "exit": code,
        },
        "exchanges": dict(sorted(exchanges_by_operation(ordered).items())),
        "held": held_entries(ordered),
        "causes": causes,
        "baseline": redactor.value(_baseline(baseline, judged)) if baseline else None,
        "cases": entries,
    }


def _place(case: Case, verdict: Verdict) -> tuple[int, str, int]:
    return AREAS.index(case.profile), case.id, list(OPERATIONS).index(verdict.operation)


def _entry(
    case: Case, verdict: Verdict, target: TargetConfig, run: RunSummary, judged: Judgement, redactor: SecretRedactor
) -> dict[str, Any]:
    entry = {
        "id": case.id,
        "operation": verdict.operation,
        "level": str(case.level),
        "profile": case.profile,
        "requirement": case.requirement,
        "outcome": str(verdict.outcome),
        "reason": jsonable(verdict.reason),
        "untestable_by": jsonable(verdict.untestable_by),
        "masked": [{key: jsonable(value) for key, value in one._asdict().items()} for one in verdict.masked],
        "duration_s": round(verdict.duration_s, 4),
        "baseline": judged.statuses.get(verdict.key),
        "undeclared": _undeclared(case, verdict, target, run),
        "findings": [_finding(finding, case.level, verdict, redactor) for finding in verdict.findings],
        "exchanges": [exchange_excerpt(one, redactor) for one in verdict.exchanges[:EXCHANGES_LIMIT]],
        "exchanges_left_out": max(0, len(verdict.exchanges) - EXCHANGES_LIMIT),
        "notes": jsonable(list(verdict.notes)),
        "refs": list(case.refs),
        "reproduce": jsonable(verdict.reproduce),
    }
    return {key: value if key == "exchanges" else redactor.value(value) for key, value in entry.items()}


def _undeclared(case: Case, verdict: Verdict, target: TargetConfig, run: RunSummary) -> list[str]:
    if verdict.outcome is not Outcome.NOT_APPLICABLE or any(why_not_owed(need, target) for need in case.needs):
        return []
    if run.one_sided and "two_sided" in case.needs:
        return []  # declaring it would not help: the reason says what would
    return sorted(need for need in case.needs & DECLARABLE if not target.declares.has(need))


def _finding(finding: Finding, level: Level, verdict: Verdict, redactor: SecretRedactor) -> dict[str, Any]:
    expected, actual = cut_pair(finding.expected, finding.actual, redactor)
    return {
        "check": finding.check,
        "level": str(finding.level or level),
        "ok": finding.ok,
        "expected": expected,
        "actual": actual,
        "exchanges": [] if finding.ok else list(verdict.evidence.get(finding.check, ())),
    }


def _target(target: TargetConfig, run: RunSummary, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        **target_entry(target),
        "server": _server(entries),
        "one_sided": run.one_sided,
        "replay": _replay(run.replay, entries) if run.replay else None,
    }


def _replay(replay: Replay, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    live_only = [entry for entry in entries if entry["reason"].startswith(LIVE_ONLY)]
    scripted = [entry for entry in entries if any(one["check"] == SCRIPTED for one in entry["findings"])]
    return {**jsonable(asdict(replay)), "live_only": len(live_only), "scripted": len(scripted)}


def _server(entries: Iterable[Mapping[str, Any]]) -> str | None:
    answers = (
        exchange["response"]
        for entry in entries
        for exchange in entry["exchanges"]
        if exchange["side"] == "client" and exchange["response"]
    )
    return next((value for one in answers for name, value in one["headers"] if name.lower() == "server"), None)


def _baseline(baseline: Baseline, judged: Judgement) -> dict[str, Any]:
    return {
        "file": baseline.file,
        "deviations": [_deviation(entry) for entry in baseline.deviations],
        "problems": list(judged.problems),
    }


def _deviation(entry: Deviation) -> dict[str, Any]:
    fields = jsonable(asdict(entry))
    return {**fields, "expires": entry.expires.isoformat() if entry.expires else None}


def report_text(document: Mapping[str, Any]) -> str:
    """The document as the text of its file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old one or the whole new one; its folder is made if it isn't there.

    The file is its owner's alone (0600): what targets send may hold what nobody knew to be secret.

    Raises:
        OSError: It can't be written; an old file is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
