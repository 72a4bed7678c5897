"""What a response shows of the inside is found once each."""

from __future__ import annotations

import json

from hopcheck import Failure, Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, reply


class NamesProvider(Relay):
    """An error says at which address the provider is."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        body = json.loads(response.body)
        body["error"]["message"] += f" (asked at {self.config.upstream.partition('://')[2].partition('/')[0]})"
        return RelayedResponse(incoming, response.status, response.headers, json.dumps(body).encode())


def test_the_providers_address_is_one_finding(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream=reply.status(400, {"message": "No."}))
    async def refused(target: Target) -> Findings:
        """It is asked once."""
        response = await target.chat.create()
        yield expect("status", response.status, equals=400)

    verdict = bench.judge([refused], NamesProvider)["chat.one"]
    shown = [one.cause for one in verdict.occurrences if one.check == "internals"]
    assert shown == ["the body shows the provider's address"]
