"""Which exchanges a failing finding is about."""

from __future__ import annotations

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, expect, reply
from hopcheck.authoring.findings import Finding
from hopcheck.client.responses import Response, SentRequest
from hopcheck.engine.evidence import CaseFindings


def responses(*variants: str) -> list[Response]:
    return [
        Response(SentRequest(f"hopcheck:a.b~{variant}~chat:n{place}", "POST", "http://h/v1", (), b"", 1))
        for place, variant in enumerate(variants)
    ]


def failing(check: str, expected: Any, actual: Any) -> Finding:
    return Finding(check, False, expected, actual)


def test_variants_that_differ_are_the_failing_ones() -> None:
    findings = CaseFindings(responses("400", "404", "429"))
    findings.add(failing("statuses", {"400": 1, "404": 2, "429": 3}, {"400": 1, "404": 0, "429": 0}))
    findings.add(failing("wrong ones", [], ["429"]))
    findings.add(failing("status for 400", 1, 2))
    assert findings.exchanges == {"statuses": (1, 2), "wrong ones": (2,), "status for 400": (0,)}


def test_a_list_with_a_value_for_each_exchange_names_places() -> None:
    asked = responses("", "")
    findings = CaseFindings(asked)
    findings.add(Finding("first", True, 1, 1))
    asked += responses("", "", "")
    findings.add(failing("statuses", [200, 200, 200], [200, 500, 200]))
    findings.add(failing("kinds", {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 0}))
    findings.add(failing("classes", {"x": [400, 404], "y": [500], "z": [429]}, {"x": 404, "y": 502, "z": 429}))
    assert findings.exchanges == {"statuses": (3,), "kinds": (4,), "classes": (3,)}


def test_else_it_is_what_was_read_last() -> None:
    asked = responses("", "", "")
    findings = CaseFindings(asked)
    findings.add(failing("status", 200, asked[1].status))
    findings.add(failing("body", b"x", asked[0].body))
    assert findings.exchanges == {"status": (1,), "body": (0,)}


def test_a_case_that_stops_stopped_at_what_it_read_last() -> None:
    asked = responses("", "")
    findings = CaseFindings(asked)
    assert asked[0].header("x") is None
    findings.stopped()
    assert findings.exchanges == {"": (0,)}
    nothing = CaseFindings([])
    nothing.stopped()
    nothing.add(failing("x", 1, 2))
    assert nothing.exchanges == {"x": ()}


class FailsTheSecond(Relay):
    """One of two texts is lost."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_body(b"{}") if b"second" in response.body else response


def test_a_verdict_names_the_failing_exchange_and_asks_it_again(case, bench) -> None:
    @case("chat.two", level="MUST", refs=["a"], upstream={"a": reply.chat("first"), "b": reply.chat("second")})
    async def two(target: Target) -> Findings:
        """Two texts."""
        first, second = await target.chat.create(script="a"), await target.chat.create(script="b")
        yield expect("second text", (second.message or {}).get("content"), equals="second")
        yield expect("first text", (first.message or {}).get("content"), equals="first")

    verdict = bench.judge([two], FailsTheSecond)["chat.two"]
    assert verdict.evidence == {"second text": (1,)}
    assert "chat.two~b~" in verdict.reproduce
