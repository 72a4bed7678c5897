"""What a client authenticates itself with stays here."""

from hopcheck import Findings, OutgoingRequest, Relay, Target, case, expect


@case(
    "auth.not-forwarded",
    level="MUST",
    refs=["litellm#12090", "litellm#29609", "litellm#32202", "litellm#38114", "llmtrace#274"],
    needs=["own_account", "client_key", "two_sided"],
)
async def not_forwarded(target: Target) -> Findings:
    """The client's key never reaches the provider, neither in a header nor in the body."""
    for kind, answer in (("answer", await target.chat.create()), ("stream", await target.chat.stream())):
        attempt = await target.forwarded(answer)
        yield expect(f"client's key upstream, {kind}", attempt.where(target.config.api_key), equals=[])


@not_forwarded.mutant(killed_by="client's key upstream, answer", trips=("auth.*",))
class PassesAuthorizationOn(Relay):
    """The client's Authorization header goes upstream in the place of the proxy's own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Authorization", f"Bearer {outgoing.incoming.key}")


@not_forwarded.mutant(killed_by="client's key upstream, answer", trips=("requests.*", "auth.alt-headers"))
class TellsWhoAsks(Relay):
    """The proxy sends the client's key to the provider as `user`, for abuse reports."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "user": outgoing.incoming.key})


@not_forwarded.mutant(killed_by="client's key upstream, stream", trips=("auth.upstream-key-used",))
class StreamsWithTheClientsKey(Relay):
    """The code path of streams was written for clients that bring the provider's key."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        key = outgoing.incoming.key
        return outgoing.with_header("Authorization", f"Bearer {key}") if outgoing.incoming.streams else outgoing
