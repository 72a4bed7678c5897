"""A success that doesn't reach the client is a cause, which binds no more than the case that met it."""

from __future__ import annotations

import pytest

from hopcheck import Findings, Relay, RelayedResponse, Target, expect, refuse, reply
from hopcheck.authoring.findings import Level
from hopcheck.engine.invariants.response_fidelity import RESPONSE_FIDELITY


class ReadsNoAnswers(Relay):
    """What the provider answers can't be read."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return refuse(response.incoming, 502, "The provider's response can't be read.")


@pytest.mark.parametrize("level", [Level.MUST, Level.SHOULD])
def test_a_success_that_is_lost_is_as_binding_as_its_case(case, bench, level: Level) -> None:
    @case("chat.one", level=level, refs=["a"], upstream=reply.chat("Hello"))
    async def one(target: Target) -> Findings:
        """A request is answered."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    occurrences = bench.judge([one], ReadsNoAnswers)["chat.one"].occurrences
    lost = [(found.cause, found.level) for found in occurrences if found.check == RESPONSE_FIDELITY]
    assert lost == [("a success becomes status 502", level)]
