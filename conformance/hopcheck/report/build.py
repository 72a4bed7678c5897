"""Build the report document, `hopcheck.report/2`.

Knows the document's shape (`hopcheck_contracts/report.schema.json`) and keeps secrets out of it. Knows no rendering.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.client.config import TargetConfig
from hopcheck.engine.verdict import Verdict
from hopcheck.report.baseline import Baseline, Deviation, Judgement
from hopcheck.report.case_entry import case_entry, place
from hopcheck.report.cause_entries import cause_counts, cause_entry, exchanges_by_operation, held_entries
from hopcheck.report.causes import causes_of
from hopcheck.report.client_profiles.client_entries import client_entries
from hopcheck.report.document import SCHEMA_NAME, CaseEntry, CauseEntry, counts, exit_code
from hopcheck.report.excerpts import jsonable
from hopcheck.report.redaction import secrets_of
from hopcheck.report.run_summary import LIVE_ONLY, SCRIPTED, Replay, RunSummary
from hopcheck.report.target_entry import target_entry
from hopcheck_server.redaction import SecretRedactor


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
    ordered = sorted(verdicts, key=lambda verdict: place(cases[verdict.case_id], verdict))
    redactor = SecretRedactor(secrets_of(target, run.secrets))
    entries = [case_entry(cases[one.case_id], one, target, run, judged, redactor) for one in ordered]
    causes = [cause_entry(number, one, judged, redactor) for number, one in enumerate(causes_of(ordered), 1)]
    return {
        "schema": SCHEMA_NAME,
        "tool": {"name": "hopcheck", "version": version("hopcheck")},
        **_run(run, entries, redactor),
        "target": redactor.value(_target(target, run, entries)),
        "summary": _summary(run, judged, entries, causes),
        "exchanges": dict(sorted(exchanges_by_operation(ordered).items())),
        "held": held_entries(ordered),
        "causes": causes,
        "baseline": redactor.value(_baseline(baseline, judged)) if baseline else None,
        "clients": client_entries(entries, causes),
        "cases": entries,
    }


def _run(run: RunSummary, entries: Sequence[CaseEntry], redactor: SecretRedactor) -> dict[str, Any]:
    return {
        "started": run.started.astimezone(datetime.UTC).isoformat(timespec="seconds"),
        "duration_s": round(run.duration_s, 3),
        "partial": _is_partial(run, entries),
        "ended_early": redactor.value(jsonable(run.ended_early)),
        "notes": redactor.value(jsonable(list(run.notes))),
        "strict": run.strict,
        "preflight": {"suggestions": redactor.value([dict(one) for one in run.suggestions])},
    }


def _is_partial(run: RunSummary, entries: Sequence[CaseEntry]) -> bool:
    return run.interrupted or len(entries) < run.selected


def _summary(
    run: RunSummary, judged: Judgement, entries: Sequence[CaseEntry], causes: Sequence[CauseEntry]
) -> dict[str, Any]:
    code = exit_code(
        [*entries, *causes],
        strict=run.strict,
        problems=[*judged.problems, *(run.replay.problems if run.replay else ())],
        partial=_is_partial(run, entries),
        interrupted=run.interrupted,
        ended_early=bool(run.ended_early),
    )
    return {
        **counts(entries),
        "listed": sum(entry["baseline"] == "listed" for entry in entries),
        "causes": cause_counts(causes),
        "selected": run.selected,
        "exit": code,
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
