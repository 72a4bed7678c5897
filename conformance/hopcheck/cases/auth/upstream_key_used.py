"""The provider is asked with the operator's key."""

from typing import ClassVar

from hopcheck import (
    FORWARDED,
    GENERATING,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    function_tools,
)

PLANTED = "hopcheck-planted-key"


@case(
    "auth.upstream-key-used",
    level="MUST",
    on=FORWARDED,
    refusable=True,
    refs=["litellm#12090"],
    needs=["two_sided"],
)
async def upstream_key_used(target: Target, ask: Operation) -> Findings:
    """Every request goes upstream with the configured key (or the client's own, if so declared), whatever it says."""
    other = target.chat.stream if ask.name == "chat" else target.chat.create
    offered = await ask(tools=function_tools("look_up")) if ask.generates else await ask()
    keys = [(await target.forwarded(response)).key for response in (await ask(), offered, await other())]
    policy = target.declares.auth_policy
    if policy == "keys":
        yield expect("attempts with a key", [bool(key) for key in keys], equals=[True] * 3)
    if policy == "passthrough":
        passed = [key == target.config.api_key for key in keys]
        yield expect("the client's own key, as it was", passed, equals=[True] * 3)
    yield expect("different keys", len(set(keys)), equals=1)
    steered = await ask(extra={"api_key": PLANTED})  # to be refused, or passed over
    obeyed = [attempt.key == PLANTED for attempt in await target.seen(steered)]
    yield expect("obeys the client's api_key", any(obeyed), equals=False)


@upstream_key_used.mutant(killed_by="attempts with a key", trips=("auth.*", "fallback.*"))
class EmptyBearer(Relay):
    """The provider's key is read from a variable that isn't set."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Authorization", "Bearer ")


@upstream_key_used.mutant(killed_by="different keys", trips=("auth.key-not-in-errors",))
class OldKey(Relay):
    """The key was changed everywhere but in the code of one route."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Authorization", "Bearer hopcheck-old-key")


@upstream_key_used.mutant(killed_by="different keys", on=GENERATING)
class RoutesTools(Relay):
    """Requests with tools go upstream by a route of their own, with the key of another account."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        header = "x-api-key" if outgoing.incoming.is_anthropic else "Authorization"
        return outgoing.with_header(header, "Bearer hopcheck-tools-key") if outgoing.json.get("tools") else outgoing


@upstream_key_used.mutant(killed_by="obeys the client's api_key", trips=("llm_proxy.*",))
class ObeysApiKeyField(Relay):
    """A client may bring its own provider's key in a body field that nobody has switched off."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if "api_key" in (incoming.json or {}) else await super().check(incoming)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        key = outgoing.json.get("api_key")
        return outgoing.with_header("Authorization", f"Bearer {key}") if key else outgoing


@upstream_key_used.mutant(killed_by="the client's own key, as it was")
class AsksOnItsOwnAccount(Relay):
    """The client's key is declared to be passed on, and a key of the operator's takes its place."""

    declares: ClassVar = {"auth": "passthrough"}
