"""The report's entries for what must hold on every exchange: what was judged, and the causes that were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.report.baseline.judgement import Judgement
from hopcheck.report.causes import INVARIANTS, Cause, judged
from hopcheck.report.excerpts import exchange_excerpt, jsonable
from hopcheck_server.redaction import SecretRedactor

EXAMPLE_EXCHANGES = 6
"""Exchanges of both sides that an example of a cause shows."""


def cause_entry(number: int, cause: Cause, judgement: Judgement, redactor: SecretRedactor) -> dict[str, Any]:
    """A cause as the report has it.

    Args:
        number: Its place, from 1: `C1` is its id within the report.
        cause: The cause.
        judgement: What the baseline says of it.
        redactor: Knows what must not be written.
    """
    entry = {
        "id": f"C{number}",
        "check": cause.check,
        "category": cause.category,
        "level": str(cause.level),
        "requirement": INVARIANTS[cause.check].requirement,
        "cause": jsonable(cause.cause),
        "sentence": jsonable(cause.sentence),
        "outcome": str(cause.outcome),
        "count": cause.count,
        "operations": dict(sorted(cause.operations.items())),
        "cases": list(cause.cases),
        "baseline": "listed" if cause.key in judgement.listed_causes else None,
        "examples": [_example(verdict, occurrence) for verdict, occurrence in cause.examples],
    }
    return {key: value if key == "examples" else redactor.value(value) for key, value in entry.items()} | {
        "examples": [_redacted_example(one, redactor) for one in entry["examples"]]
    }


def _example(verdict: Verdict, occurrence: Occurrence) -> dict[str, Any]:
    own = [
        {**one, "failing": True}
        for one in verdict.exchanges
        if occurrence.exchange is not None and one["exchange"] == occurrence.exchange
    ]
    return {
        "case": verdict.key,
        "operation": occurrence.operation,
        "detail": jsonable(occurrence.detail),
        "exchanges": own[:EXAMPLE_EXCHANGES],
        "reproduce": jsonable(next((one.get("reproduce", "") for one in own if one["side"] == "client"), "")),
    }


def _redacted_example(example: Mapping[str, Any], redactor: SecretRedactor) -> dict[str, Any]:
    shown = [exchange_excerpt(one, redactor) for one in example["exchanges"]]
    return {**redactor.value({**example, "exchanges": []}), "exchanges": shown}


def cause_counts(causes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many causes deviate, are advisory, or are listed in the baseline."""
    counted = Counter("listed" if one["baseline"] == "listed" else one["outcome"] for one in causes)
    return {name: counted[name] for name in (str(Outcome.DEVIATES), str(Outcome.ADVISORY), "listed")}


def held_entries(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """What was held against every exchange, with how many messages were judged by operation."""
    counted = judged(verdicts)
    return [
        {
            "check": check,
            "requirement": invariant.requirement,
            "category": invariant.category,
            "judged": dict(sorted(counted[check].items())),
        }
        for check, invariant in INVARIANTS.items()
        if check in counted
    ]


def exchanges_by_operation(verdicts: Iterable[Verdict]) -> Counter[str]:
    """How many requests the run sent, by operation."""
    counted: Counter[str] = Counter()
    for verdict in verdicts:
        counted.update(verdict.asked)
    return counted
