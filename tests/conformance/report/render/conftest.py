"""A run that met causes: known ones, one that kept a case from being asked, and one of less than a MUST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hopcheck.authoring.findings import Level
from hopcheck.engine.verdict import Occurrence, Outcome
from hopcheck.report.baseline import Baseline, Deviation

NO_TYPE = "error.type: expected a string, not null"
REFUSED = "status 422, tools"
HOSTILE = "</script><script>alert(1)</script>\x1b[31m [red]|`"


def occurrence(check: str, cause: str, level: Level = Level.MUST, operation: str = "chat") -> Occurrence:
    return Occurrence(check, cause, f"POST /v1/chat/completions: {cause}", level, operation, 0)


@pytest.fixture(scope="session")
def met(sample: Any) -> Any:
    """Makes the document of that run; takes what `sample.document` takes."""
    by_id = {one.case_id: one for one in sample.verdicts}
    judged = {("contract.event", "chat.stream"): 40, ("contract.response", "chat"): 7, ("acceptance", "chat"): 9}
    streams = occurrence("contract.event", NO_TYPE, operation="chat.stream")
    changed = {
        "chat.schema": {"occurrences": (occurrence("contract.response", "created: is odd", Level.SHOULD),)},
        "stream.done-once": {"occurrences": (streams, streams), "judged": judged, "asked": {"chat.stream": 3}},
        "http.request-id": {"occurrences": (streams,)},
        "errors.shape": {
            "occurrences": (occurrence("acceptance", REFUSED),),
            "untestable_by": f"acceptance: {REFUSED}",
            "exchanges": (sample.exchange("client"), sample.exchange("upstream")),
        },
        "retry.budget": {"outcome": Outcome.FLAKY, "reason": "it held in 1 of 2 runs"},
    }
    verdicts = tuple(replace(one, **changed.get(case_id, {})) for case_id, one in by_id.items())

    def document(**run: Any) -> Any:
        return sample.document(verdicts, **run)

    return document


@pytest.fixture(scope="session")
def known_cause() -> Baseline:
    entry = Deviation(check="contract.event", complaint=NO_TYPE, reason="the provider's own", issue="#7")
    return Baseline("b.toml", (entry,))


@pytest.fixture
def every_key(met: Any) -> Any:
    """A document that has whatever a run can add to it, with texts that obey nobody."""
    document = met(ended_early=HOSTILE)
    document["preflight"] = {"suggestions": [HOSTILE, {"declare": "auth", "sentence": HOSTILE}]}
    document["pace"] = HOSTILE
    document["notes"] = [HOSTILE]
    for case in document["cases"]:
        case["masked"] = [{"cause": HOSTILE, "comparison": "finish reason"}]
        case["reason"] = case["reason"] or HOSTILE
    for cause in document["causes"]:
        cause["sentence"] = f"{cause['sentence']} {HOSTILE}"
        for example in cause["examples"]:
            example["detail"] = HOSTILE
    return document
