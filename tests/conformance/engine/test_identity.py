"""Ids of responses don't repeat, unless the provider's do, or a stored response is shown again."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck import Findings, Target, expect, reply
from hopcheck.engine.exchanges.message import Message
from hopcheck.engine.invariants.identity import response_id
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import NamesResponses

WRITTEN = {
    "id": "resp_hopwritten",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [],
}


@pytest.mark.parametrize("relay", [Relay, NamesResponses])
def test_an_id_that_the_provider_repeats_may_repeat(case, bench, relay: Any) -> None:
    @case("chat.one", level="MUST", refs=["a"], on="responses", upstream=reply.json_body(WRITTEN))
    async def twice(target: Target) -> Findings:
        """It is asked twice, and for what is stored."""
        first, second = await target.ask(), await target.ask()
        stored = await target.request("GET", f"{target.ask.path}/resp_hop1")
        again = await target.request("GET", f"{target.ask.path}/resp_hop1")
        statuses = [one.status for one in (first, second, stored, again)]
        yield expect("asked", statuses, equals=[200] * 4)

    verdict = bench.judge([twice], relay)["chat.one"]
    assert [one.key for one in verdict.occurrences] == []
    assert not verdict.failed


@pytest.mark.parametrize("body", [b'{"type": [], "id": "a"}', b'{"type": "message", "id": ["a"]}', b'["id"]'])
def test_a_body_of_odd_values_has_no_id(body: bytes) -> None:
    assert response_id(Message(200, [("content-type", "application/json")], body)) == ""


def test_a_failed_response_has_an_error_whatever_it_says_of_it() -> None:
    body = b'data: {"type": "response.failed", "response": {"error": "no"}}\n\n'
    assert Message(200, [("content-type", "text/event-stream")], body).error == {"message": None}
