"""Counts of tokens are the provider's."""

import json
from typing import Any

from hopcheck import (
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    Untestable,
    case,
    dig,
    edits,
    expect,
    function_tools,
    reply,
)

QUESTION = "How many tokens does this sentence have, and who has counted them?"

SCRIPTS = {"": reply.json_body({"input_tokens": 4321}), "throttled": reply.status(429)}


@case(
    "messages.count-tokens",
    level="MUST",
    on="count_tokens",
    refs=["Anthropic API token counting"],
    isolation="cooldown",
    upstream=SCRIPTS,
)
async def count_tokens(target: Target, ask: Operation) -> Findings:
    """A count of tokens is the provider's number, and no estimate stands in for one that the provider refuses."""
    counted = await ask(text=QUESTION, system="Count.", tools=function_tools("count"))
    attempts = await target.seen(counted)
    if not attempts or attempts[-1].response is None:
        raise Untestable(await target.why_not_seen(counted))
    number = _number_in(attempts[-1].response.body)
    yield expect("count", counted.at("input_tokens"), equals=number)
    lost = [name for name in ("system", "tools") if not dig(attempts[-1].json, name)]
    yield expect("what isn't counted", lost, equals=[])
    refused = await ask(script="throttled", text=QUESTION)
    yield expect("status of a refused count", refused.status, equals=429)


def _number_in(body: bytes) -> Any:
    """The provider's count; None if it refused to count what it was sent."""
    return dig(json.loads(body), "input_tokens")


@count_tokens.mutant(killed_by="count")
class CountsByItself(Relay):
    """Every count is an estimate."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda counted: counted.update(input_tokens=17), having="input_tokens")


@count_tokens.mutant(killed_by="status of a refused count")
class Estimates(Relay):
    """A count that the provider refuses is estimated."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 429:
            response.status = 200
            return response.with_json({"input_tokens": 17})
        return response


@count_tokens.mutant(killed_by="what isn't counted")
class CountsNoTools(Relay):
    """A count is asked for without the tools."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        kept = {name: value for name, value in outgoing.json.items() if name != "tools"}
        return outgoing.with_json(kept)
