"""Optional fields of a request."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    refuse,
)

WHO: dict[str, Any] = {
    "user": "user-hop-1",
    "metadata": {"team": "hop", "run": "7"},
    "safety_identifier": "hashed-hop-1",
}


@case(
    "requests.user-field",
    level="SHOULD",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest", "litellm#25753"],
    needs=["two_sided"],
)
async def user_field(target: Target, ask: Operation) -> Findings:
    """`user`, `metadata` and `safety_identifier` reach the upstream, unless the target declares that it drops them."""
    for field, value in WHO.items():
        got = await target.received(await ask(store=True, **{field: value}))  # as metadata needs it
        allowed = [value, None] if field in target.declares.drops else [value]
        yield expect(field, dig(got, field) if got else "refused", one_of=allowed)


@user_field.mutant(killed_by="user", trips=("requests.drop-params-declared", "sessions.agent-history"))
class DropsUser(edits.DropsFields):
    """`user` is used for the gateway's own accounts, and goes no further."""

    fields = ("user",)


@user_field.mutant(killed_by="metadata", trips=("requests.drop-params-declared",))
class DropsMetadata(edits.DropsFields):
    """`metadata` is taken for the gateway's own logs, and goes no further."""

    fields = ("metadata",)


@user_field.mutant(killed_by="safety_identifier", trips=("requests.drop-params-declared",))
class DropsSafetyIdentifier(edits.DropsFields):
    """safety_identifier is newer than the list of fields that are passed on."""

    fields = ("safety_identifier",)


@user_field.mutant(killed_by="acceptance", trips=("requests.drop-params-declared",))
class RefusesSafetyIdentifier(Relay):
    """safety_identifier is newer than the list of fields that are accepted."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if isinstance(incoming.json, dict) and "safety_identifier" in incoming.json:
            return refuse(incoming, 400, "Unknown parameter.", code="unknown_parameter", param="safety_identifier")
        return await super().check(incoming)


@case(
    "requests.reasoning-effort",
    level="SHOULD",
    on=ON_CHAT,
    refs=["OAI ReasoningEffort", "litellm#38084"],
    needs=["two_sided"],
)
async def reasoning_effort(target: Target, ask: Operation) -> Findings:
    """reasoning_effort reaches the upstream, unless the target declares that it drops it."""
    efforts = ("low", "minimal", "xhigh")
    got = [await target.received(await ask(reasoning_effort=effort)) for effort in efforts]
    values = [dig(one, "reasoning_effort") if one else "refused" for one in got]
    dropped = "reasoning_effort" in target.declares.drops
    kept = all(value == sent or (dropped and value is None) for value, sent in zip(values, efforts, strict=True))
    yield expect("reasoning_effort", values, holds=kept, to=", ".join(efforts))


@reasoning_effort.mutant(killed_by="reasoning_effort", trips=("requests.drop-params-declared",))
class DropsReasoningEffort(edits.DropsFields):
    """reasoning_effort is dropped for models that aren't on a list of reasoning models."""

    fields = ("reasoning_effort",)
