"""Ids of responses don't repeat, unless the provider's do, or a stored response is shown again."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck import Findings, Target, expect, reply
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
