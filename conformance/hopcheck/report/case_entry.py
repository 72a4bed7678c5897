"""The report's entry for one case on one operation."""

from __future__ import annotations

from typing import Any

from hopcheck.authoring.areas import AREAS
from hopcheck.authoring.case import Case
from hopcheck.authoring.duties import why_not_owed
from hopcheck.authoring.findings import Finding, Level
from hopcheck.client.config import DECLARABLE, TargetConfig
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.baseline import Judgement
from hopcheck.report.excerpts import EXCHANGES_LIMIT, cut_pair, exchange_excerpt, jsonable
from hopcheck.report.run_summary import RunSummary
from hopcheck_server.redaction import SecretRedactor


def place(case: Case, verdict: Verdict) -> tuple[int, str, int, str]:
    """Where an entry stands among the others: by area, case and operation."""
    return AREAS.index(case.profile), case.id, list(OPERATIONS).index(verdict.operation), verdict.provider


def case_entry(
    case: Case, verdict: Verdict, target: TargetConfig, run: RunSummary, judged: Judgement, redactor: SecretRedactor
) -> dict[str, Any]:
    """The verdict on one case, with what was found and the exchanges behind it, without secrets."""
    entry = {
        "id": case.id,
        "operation": verdict.operation,
        "provider": verdict.provider,
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
