"""A report as SARIF 2.1.0, for code-scanning pages: a result for each cause and each case that doesn't hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from hopcheck.report.cause_view import cause_line, cause_reasons, key_of, shown_id
from hopcheck.report.document import (
    CaseEntry,
    CauseEntry,
    Document,
    advisories,
    fails,
    listed_cases,
    reasons_known,
    red_cases,
)
from hopcheck.report.render.junit import message_of
from hopcheck.report.render.values import visible

TARGET_FILE = "hopcheck.toml"
"""Where results are shown: a gateway has no lines of source here, but its target file has a place in the repository."""

_LEVELS = {"MUST": "error", "SHOULD": "warning", "MAY": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_text(document: Document) -> str:
    """The causes, then the cases that are red, advisory or known; what is known is suppressed with its reason."""
    tool = {"name": "hopcheck", "version": document["tool"]["version"], "rules": list(_rules(document))}
    run = {"tool": {"driver": tool}, "columnKind": "unicodeCodePoints", "results": list(_results(document))}
    text = json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)
    return text + "\n"


def _shown_cases(document: Document) -> list[CaseEntry]:
    return [*red_cases(document), *advisories(document), *listed_cases(document)]


def _rules(document: Document) -> Iterator[dict[str, Any]]:
    checks = {one["check"]: one["requirement"] for one in document["causes"]}
    requirements = {**checks, **{case["id"]: case["requirement"] for case in _shown_cases(document)}}
    for rule_id, requirement in requirements.items():
        yield {"id": rule_id, "shortDescription": {"text": visible(requirement)}}


def _results(document: Document) -> Iterator[dict[str, Any]]:
    for cause in document["causes"]:
        yield _cause_result(document, cause)
    for case in _shown_cases(document):
        text = f"{shown_id(case)}: {message_of(case)}"
        known = reasons_known(document, case) if case["baseline"] == "listed" else []
        level = "warning" if case["outcome"] == "advisory" else _LEVELS[case["level"]]
        yield _result(case["id"], level, text, shown_id(case), known)


def _cause_result(document: Document, cause: CauseEntry) -> dict[str, Any]:
    level = "error" if fails(cause, strict=document["strict"]) else _LEVELS[cause["level"]]
    text = f"{cause['sentence']} {cause_line(document, cause)}"
    known = cause_reasons(document, cause) if cause["baseline"] == "listed" else []
    return _result(cause["check"], level, text, key_of(cause), known)


def _result(rule_id: str, level: str, text: str, key: str, known: list[str]) -> dict[str, Any]:
    """One result; its fingerprint is made of its key alone, and so stays the same from run to run."""
    place = {"physicalLocation": {"artifactLocation": {"uri": TARGET_FILE}, "region": {"startLine": 1}}}
    return {
        "ruleId": rule_id,
        "level": level,
        "message": {"text": visible(text)},
        "locations": [place],
        "partialFingerprints": {"hopcheck/v1": hashlib.sha256(key.encode()).hexdigest()[:32]},
        "suppressions": [{"kind": "external", "justification": visible(reason)} for reason in known],
    }
