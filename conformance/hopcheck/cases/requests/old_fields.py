"""Fields of the old kind, and fields that are null."""

from hopcheck import (
    ON_CHAT,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    expect,
    function_tools,
    refuse,
)

LEGACY = {"functions": [tool["function"] for tool in function_tools("look_up")], "function_call": {"name": "look_up"}}

NULLS = {"temperature": None, "stop": None, "max_tokens": None, "seed": None, "logit_bias": None}


@case(
    "requests.old-and-null-fields",
    level="SHOULD",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest: functions", "OAI: nullable fields"],
    needs=["two_sided"],
)
async def old_and_null(target: Target, ask: Operation) -> Findings:
    """Functions of the old kind reach the upstream, and fields that are null are as good as absent."""
    got = await target.received(await ask(extra=LEGACY))
    yield expect("functions", {name: dig(got, name) for name in LEGACY}, equals=LEGACY)
    yield expect("status with null fields", (await ask(extra=NULLS)).status, equals=200)


@old_and_null.mutant(killed_by="functions")
class DropsFunctions(Relay):
    """Functions of the old kind aren't supported any more."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        kept = {name: value for name, value in body.items() if name not in LEGACY}
        return outgoing.with_json(kept) if len(kept) < len(body) else outgoing


@old_and_null.mutant(killed_by="status with null fields")
class RefusesNull(Relay):
    """A field that is there must have a value."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if isinstance(incoming.json, dict) and None in incoming.json.values():
            return refuse(incoming, 400, "Input should be a valid list.", code="invalid_type", param="stop")
        return await super().check(incoming)
