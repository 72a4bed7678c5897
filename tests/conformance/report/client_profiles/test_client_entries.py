"""What a report says of each client: works, degraded, broken, or not asked."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.report.client_profiles.client_entries import client_entries


def case(key: str, outcome: str, provider: str = "", untestable_by: str = "") -> dict[str, Any]:
    case_id, _, operation = key.removesuffix("]").partition("[")
    known = {"id": case_id, "operation": operation, "outcome": outcome}
    return {**known, "provider": provider, "untestable_by": untestable_by}


def cause(check: str, outcome: str, operation: str, *, cases: int = 2) -> dict[str, Any]:
    met = [f"chat.case-{number}[{name}]" for number in range(cases) for name in ("chat", "chat.stream")]
    return {"id": "C1", "check": check, "outcome": outcome, "operations": {operation: cases}, "cases": met}


KEY = case("messages.key-header[messages.stream]", "conforms")
CUT = "messages.broken-stream[messages.stream]"
CACHE = "messages.cache-control[messages]"


def entry(cases: list[dict[str, Any]], causes: list[dict[str, Any]], name: str = "claude-code") -> dict[str, Any]:
    return next(one for one in client_entries(cases, causes) if one["name"] == name)


@pytest.mark.parametrize(
    ("cases", "causes", "standing", "by"),
    [
        ([], [], "not asked", []),
        ([case("chat.schema[chat]", "deviates")], [], "not asked", []),
        ([case(CUT, "not-applicable")], [], "not asked", []),
        ([case(CUT, "deviates", provider="vllm")], [], "not asked", []),
        ([KEY], [], "works", []),
        ([KEY, case("errors.quota[messages]", "deviates")], [], "works", []),
        ([KEY, case(CUT, "deviates")], [], "broken", [CUT]),
        ([KEY, case(CUT, "flaky")], [], "broken", [CUT]),
        ([KEY, case(CUT, "untestable")], [], "broken", [CUT]),
        ([KEY, case(CUT, "untestable", untestable_by="C1")], [], "works", []),
        ([KEY, case(CUT, "advisory")], [], "works", []),
        ([KEY, case(CACHE, "advisory")], [], "degraded", [CACHE]),
        ([KEY, case(CACHE, "deviates")], [], "degraded", [CACHE]),
        ([KEY, case(CUT, "deviates"), case(CACHE, "deviates")], [], "broken", [CUT, CACHE]),
        ([KEY], [cause("stream-grammar", "deviates", "messages.stream")], "broken", ["C1"]),
        ([KEY], [cause("stream-grammar", "deviates", "messages.stream", cases=1)], "degraded", ["C1"]),
        ([KEY], [cause("stream-grammar", "advisory", "messages.stream")], "works", []),
        ([KEY], [cause("retry-after", "advisory", "messages.stream")], "degraded", ["C1"]),
        ([KEY], [cause("contract.event", "deviates", "messages.stream")], "works", []),
        ([KEY], [cause("stream-grammar", "deviates", "chat.stream")], "works", []),
        ([KEY], [cause("identity", "deviates", "messages.stream")], "works", []),
        ([], [cause("stream-grammar", "deviates", "messages.stream")], "not asked", []),
    ],
)
def test_the_standing(cases: list[Any], causes: list[Any], standing: str, by: list[str]) -> None:
    found = entry(cases, causes)
    assert found["standing"] == standing
    assert [name for one in found["behind"] for name in one["by"]] == by


def test_what_is_behind_it_is_in_the_users_words() -> None:
    found = entry([KEY, case(CUT, "deviates")], [])
    assert found["asked"] == 2
    (behind,) = found["behind"]
    assert behind == {
        "why": "Half an answer is taken for a whole one, with exit code 0.",
        "effect": "broken",
        "by": [CUT],
    }
