"""What a client authenticates itself with stays here."""

import json
import time

from hopcheck import (
    FORWARDED,
    Findings,
    NotApplicable,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    expect,
)


@case(
    "auth.not-forwarded",
    level="MUST",
    on=FORWARDED,
    refs=["litellm#12090", "litellm#29609", "litellm#32202", "litellm#38114", "llmtrace#274"],
    needs=["own_account", "client_key", "two_sided"],
)
async def not_forwarded(target: Target, ask: Operation) -> Findings:
    """The client's key never reaches the provider, neither in a header nor in the body."""
    attempt = await target.forwarded(await ask())
    yield expect("client's key upstream", attempt.where_secret(target.config.api_key), equals=[])


@not_forwarded.mutant(killed_by="client's key upstream", trips=("auth.*",))
class PassesAuthorizationOn(Relay):
    """The client's Authorization header goes upstream in the place of the proxy's own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Authorization", f"Bearer {outgoing.incoming.key}")


@not_forwarded.mutant(
    killed_by="client's key upstream",
    trips=("requests.*", "auth.alt-headers", "auth.stored-not-forwarded", "sessions.agent-history"),
)
class TellsWhoAsks(Relay):
    """The proxy sends the client's key to the provider as `user`, for abuse reports."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "user": outgoing.incoming.key})


STORED = (("GET", ""), ("GET", "/input_items"), ("POST", "/cancel"), ("DELETE", ""))


@case(
    "auth.stored-not-forwarded",
    level="MUST",
    on="responses",
    because="nothing else is stored",
    refs=["OAI Responses: get, delete, cancel, input_items"],
    needs=["own_account", "client_key", "two_sided"],
)
async def stored_not_forwarded(target: Target, ask: Operation) -> Findings:
    """What is asked about a stored response reaches the provider without the client's key, too."""
    created = await ask(store=True)
    sent = (await target.forwarded(created)).response
    own = str(dig(json.loads(sent.body), "id")) if sent else ""
    since_ns = time.monotonic_ns()
    for method, rest in STORED:
        await target.request(method, f"{ask.path}/{created.at('id')}{rest}")
    asked = [one for one in await target.unmarked(since_ns) if own and own in one.path]
    if not asked:
        raise NotApplicable("the target asks its provider nothing about stored responses")
    shown = [f"{one.method} {one.path}" for one in asked if one.where_secret(target.config.api_key)]
    yield expect("client's key upstream", shown, equals=[])


@stored_not_forwarded.mutant(killed_by="client's key upstream")
class AsksAsTheClient(Relay):
    """A stored response is asked for with the client's key."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        is_stored = "/responses/" in outgoing.path
        return outgoing.with_header("Authorization", f"Bearer {outgoing.incoming.key}") if is_stored else outgoing
