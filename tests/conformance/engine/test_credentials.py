"""What of a client's credentials reaches the provider is named once, by the header that it was in."""

from __future__ import annotations

import pytest

from hopcheck import Findings, OutgoingRequest, Relay, Target, expect, reply
from hopcheck.engine.invariants.credentials import CREDENTIALS

KEYS = ("x-api-key", "api-key")


class PassesKeysOn(Relay):
    """The client's headers go on as they are."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        for name in KEYS:
            outgoing = outgoing.with_header(name, outgoing.incoming.header(name) or "")
        return outgoing


class RenamesKeys(Relay):
    """A key goes on in a header of another name."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("x-client", outgoing.incoming.header("api-key") or "")


@pytest.mark.parametrize(
    ("relay", "passed"),
    [(PassesKeysOn, [(name, name) for name in KEYS]), (RenamesKeys, [("authorization", "x-client")])],
)
def test_the_same_key_in_several_headers_is_each_of_them(case, bench, relay, passed) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("Hello"))
    async def one(target: Target) -> Findings:
        """A request is answered."""
        shown = await target.chat.create(headers=dict.fromkeys(KEYS, target.config.api_key))
        yield expect("status", shown.status, equals=200)

    occurrences = bench.judge([one], relay)["chat.one"].occurrences
    named = [found.cause for found in occurrences if found.check == CREDENTIALS]
    assert named == [f"the client's {field} reaches the provider in {place}" for field, place in passed]
