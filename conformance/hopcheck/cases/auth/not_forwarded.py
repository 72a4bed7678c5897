"""What a client authenticates itself with stays here."""

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
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


@not_forwarded.mutant(killed_by="client's key upstream", trips=("requests.*", "auth.alt-headers"))
class TellsWhoAsks(Relay):
    """The proxy sends the client's key to the provider as `user`, for abuse reports."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "user": outgoing.incoming.key})
