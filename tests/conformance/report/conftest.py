"""A run with every outcome in it, as values and as the document made of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, Level
from hopcheck.client.config import Declares, TargetConfig
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.report.baseline import Baseline, Deviation, Judgement, judge
from hopcheck.report.build import build
from hopcheck.report.run_summary import RunSummary

TODAY = datetime.date(2031, 5, 6)
KEY, OTHER_KEY, PROVIDER_KEY = "sk-client-0123", "sk-other-4567", "sk-provider-89ab"
HOSTILE = '</script><script>alert("x")</script>\x1b[31m\x00'


def made(case_id: str, level: str, requirement: str, *needs: str) -> Case:
    async def function(_: Any) -> Any:
        yield Finding("unused", True, None, None)

    return Case(case_id, Level(level), requirement, function, ("RFC 9110 15.5.4",), frozenset(needs), {})


CASES: Mapping[str, Case] = {
    case.id: case
    for case in (
        made("stream.done-once", "MUST", "The stream's last event is `[DONE]`, sent exactly once."),
        made("chat.schema", "MUST", "An answer is a chat completion.", "two_sided"),
        made("chat.content-exact", "MUST", "Content arrives as the provider sent it."),
        made("errors.shape", "MUST", "Every error has OpenAI's shape."),
        made("http.request-id", "SHOULD", "Every answer has a request id."),
        made("fallback.taken", "MUST", "The backup answers for a failing primary.", "fallback", "two_sided"),
        made("isolation.headers", "MUST", "Headers of two clients are never mixed.", "second_key"),
        made("cancel.stream", "MUST", "A client that hangs up ends the request."),
        made("retry.budget", "MUST", "Attempts stay within what is declared."),
        made("embeddings.float", "MUST", "Floats arrive exactly.", "embeddings"),
    )
}


def exchange(side: str, **changes: Any) -> dict[str, Any]:
    return {
        "side": side,
        "exchange": 0,
        "at": 0.001 if side == "client" else 0.004,
        "request": {
            "method": "POST",
            "url": "http://127.0.0.1:4000/v1/chat/completions",
            "headers": [["authorization", f"Bearer {KEY if side == 'client' else PROVIDER_KEY}"]],
            "body": '{"model":"fake-model"}',
            "body_bytes": 22,
        },
        "response": {
            "status": 200,
            "headers": [["Server", "relay/1"], ["content-type", "text/event-stream"]],
            "body": "",
            "body_bytes": 310,
            "ended": "complete",
        },
        "events": [{"at": 0.006, "data": '{"id":"1"}'}, {"at": 0.0075, "data": "[DONE]"}],
        **changes,
    }


def verdict(case_id: str, outcome: Outcome, *findings: Finding, **more: Any) -> Verdict:
    return Verdict(case_id, outcome, findings=findings, duration_s=0.0123, **more)


OK = Finding("status", True, 200, 200)
VERDICTS = (
    verdict("chat.schema", Outcome.CONFORMS, OK, exchanges=(exchange("client"), exchange("upstream"))),
    verdict(
        "stream.done-once",
        Outcome.DEVIATES,
        OK,
        Finding("one [DONE]", False, 1, 2),
        Finding("[DONE] is last", False, ["[DONE]"], [HOSTILE]),
        exchanges=(exchange("client"), exchange("upstream")),
        reproduce=f"curl -N http://127.0.0.1:4000/v1/chat/completions -H 'authorization: Bearer {KEY}'",
    ),
    verdict("http.request-id", Outcome.ADVISORY, OK, Finding("x-request-id", False, "a request id", None)),
    verdict("errors.shape", Outcome.UNTESTABLE, OK, reason="connection refused by 127.0.0.1:4000"),
    verdict(
        "retry.budget",
        Outcome.BROKEN,
        OK,
        reason='Traceback (most recent call last):\n  File "x"\nZeroDivisionError: `zero`',
    ),
    verdict("fallback.taken", Outcome.NOT_APPLICABLE, reason="not declared: fallback"),
    verdict("isolation.headers", Outcome.NOT_APPLICABLE, reason="not declared: second_key"),
    verdict("embeddings.float", Outcome.NOT_APPLICABLE, reason="not declared: embeddings"),
    verdict("cancel.stream", Outcome.CONFORMS, OK, notes=("waited 1.2 s for a cooldown to end",)),
)
COMPLAINT = "choices[].delta.role: expected a string, not null"


def occurrence(check: str = "contract.event", cause: str = COMPLAINT, **changes: Any) -> Occurrence:
    """Something that did not hold on an exchange."""
    fields: dict[str, Any] = {
        "detail": f"{cause}, in full",
        "level": Level.MUST,
        "operation": "chat.stream",
        "exchange": 0,
    }
    return Occurrence(check, cause, **(fields | changes))


CAUSED = (
    verdict(
        "chat.schema",
        Outcome.CONFORMS,
        OK,
        exchanges=(exchange("client"), exchange("upstream"), exchange("client", exchange=1)),
        occurrences=(occurrence(), occurrence(), occurrence(operation="chat", exchange=1)),
        judged={("contract.event", "chat.stream"): 9, ("contract.response", "chat"): 1, ("acceptance", "chat"): 2},
        asked={"chat": 1, "chat.stream": 1},
    ),
    verdict(
        "chat.content-exact",
        Outcome.UNTESTABLE,
        Finding("status", False, 200, 400),
        reason="the target refuses a valid request that this case depends on (status 400, tools)",
        exchanges=(exchange("client"),),
        occurrences=(occurrence("acceptance", "status 400, tools", operation="chat"),),
        untestable_by="acceptance: status 400, tools",
        asked={"chat": 1},
    ),
    verdict(
        "http.request-id",
        Outcome.CONFORMS,
        OK,
        occurrences=(occurrence("contract.response", "x: is odd", level=Level.SHOULD, operation="chat"),),
    ),
)
"""Verdicts with three causes: of two operations, one that keeps a case from being asked, and an advisory."""

GREEN = tuple(one for one in VERDICTS if one.outcome in {Outcome.CONFORMS, Outcome.NOT_APPLICABLE})
TARGET = TargetConfig(
    name="relay",
    base_url="http://127.0.0.1:4000/v1",
    api_key=KEY,
    second_api_key=OTHER_KEY,
    headers={"x-portkey-api-key": "pk-in-a-header"},
    declares=Declares(retries=2, timeout_s=0.5),
)
RUN = RunSummary(
    started=datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.UTC),
    duration_s=1.5,
    selected=len(VERDICTS),
    secrets=(PROVIDER_KEY,),
)
KNOWN = Baseline(
    "b.toml",
    (
        Deviation(
            case="stream.done-once", checks=("one [DONE]", "[DONE] is last"), reason="known upstream", issue="#1"
        ),
        Deviation(case="chat.schema", checks=("status",), reason="was once"),
        Deviation(case="no.such", checks=("x",), reason="nothing"),
    ),
)


@dataclass(frozen=True)
class Sample:
    """Makes documents: `sample.document(verdicts=…, strict=True, …)`, verdicts and the fields of `RunSummary`."""

    cases = CASES
    verdicts = VERDICTS
    green = GREEN
    caused = CAUSED
    complaint = COMPLAINT
    known = KNOWN
    target = TARGET
    today = TODAY
    keys = (KEY, OTHER_KEY, PROVIDER_KEY, "pk-in-a-header")
    exchange: Callable[..., dict[str, Any]] = exchange
    verdict: Callable[..., Verdict] = verdict
    occurrence: Callable[..., Occurrence] = occurrence

    def document(
        self, verdicts: tuple[Verdict, ...] = VERDICTS, baseline: Baseline | None = None, **run: Any
    ) -> dict[str, Any]:
        known = baseline or Baseline("none.toml")
        judgement = judge(verdicts, known, CASES, TODAY, strict=run.get("strict", False)) if baseline else Judgement()
        made_run = replace(RUN, **({"selected": len(verdicts)} | run))
        return build(verdicts, CASES, TARGET, made_run, baseline, judgement)


@pytest.fixture(scope="session")
def sample() -> Sample:
    return Sample()
