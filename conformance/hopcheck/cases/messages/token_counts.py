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
    items,
    reply,
)
from hopcheck.cases.messages.blocks import IMAGE

QUESTION = "How many tokens does this sentence have, and who has counted them?"

FIELDS: dict[str, Any] = {
    "system": [{"type": "text", "text": "Count."}, {"type": "text", "text": "All of it."}],
    "tools": [{"name": "count", "description": "Counts.", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
}
"""What has tokens, in the forms that are easily overlooked."""

PARTS = [IMAGE, {"type": "text", "text": QUESTION}]

REFUSALS = (400, 413, 429, 500, 503, 529)

SCRIPTS = {
    "": reply.json_body({"input_tokens": 1_234_567}),
    **{str(status): reply.status(status) for status in REFUSALS},
}


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
    counted = await ask(messages=[{"role": "user", "content": PARTS}], extra=FIELDS)
    attempts = await target.seen(counted)
    if not attempts or attempts[-1].response is None:
        raise Untestable(await target.why_not_seen(counted))
    number = _number_in(attempts[-1].response.body)
    marker, beta = target.marker(), f"{ask.path}?beta=true"  # as beta clients ask
    again = await target.request("POST", beta, body=ask.body(marker, {}), headers=ask.headers, marker=marker)
    yield expect("count", [one.at("input_tokens") for one in (counted, again)], equals=[number] * 2)
    body = attempts[-1].json
    given = {"messages": items(body, "messages", 0, "content")[:2]} | {name: dig(body, name) for name in FIELDS}
    yield expect("what is counted", given, equals={"messages": PARTS, **FIELDS})
    refused = {status: (await ask(script=str(status), text=QUESTION)).status or 0 for status in REFUSALS}
    counts = {status: got for status, got in refused.items() if got < 400}
    yield expect("refusals that became counts", counts, equals={})
    yield expect("status of a count that is refused for now", refused[429], equals=429)


def _number_in(body: bytes) -> Any:
    """The provider's count; None if it refused to count what it was sent."""
    return dig(json.loads(body), "input_tokens")


@count_tokens.mutant(killed_by="count")
class CountsByItself(Relay):
    """Every count is an estimate."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda counted: counted.update(input_tokens=17), having="input_tokens")


@count_tokens.mutant(killed_by="refusals that became counts", trips=("errors.*",))
class Estimates(Relay):
    """What a busy provider doesn't count is estimated."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 529 and response.incoming.path.endswith("/count_tokens"):
            response.status = 200
            return response.with_json({"input_tokens": 17})
        return response


@count_tokens.mutant(killed_by="status of a count that is refused for now", trips=("errors.*",))
class RefusesForGood(Relay):
    """A count that may be asked for again later is a bad request."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_count = response.incoming.path.endswith("/count_tokens")
        response.status = 400 if is_count and response.status == 429 else response.status
        return response


@count_tokens.mutant(killed_by="what is counted")
class CountsNoTools(edits.DropsFields):
    """A count is asked for without the tools."""

    fields = ("tools",)


@count_tokens.mutant(killed_by="what is counted")
class CountsSystemTexts(Relay):
    """A system's text counts where it is a text, and not where it is in blocks."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        is_text = isinstance(outgoing.json.get("system"), str)
        return outgoing if is_text else edits.without_fields(outgoing, "system")
