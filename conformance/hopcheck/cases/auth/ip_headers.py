"""Where a client sits is none of the provider's business."""

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

ADDRESS = "203.0.113.7"
NAMES = ("x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip", "x-client-ip")


@case(
    "auth.ip-headers",
    level="SHOULD",
    on=FORWARDED,
    refs=["OmniRoute#13350"],
    needs=["own_account", "two_sided"],
)
async def ip_headers(target: Target, ask: Operation) -> Findings:
    """Headers that tell the client's address are neither passed on to the provider nor added for it."""
    forged = {"X-Forwarded-For": ADDRESS, "X-Real-IP": ADDRESS, "Forwarded": f"for={ADDRESS}"}
    attempt = await target.forwarded(await ask(headers=forged))
    yield expect("client's address upstream", attempt.where(ADDRESS), equals=[])
    yield expect("address headers upstream", [name for name, _ in attempt.headers if name in NAMES], equals=[])


@ip_headers.mutant(killed_by="client's address upstream")
class PassesForwarded(Relay):
    """What a load balancer notes of the client goes on to the provider."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        forwarded = outgoing.incoming.header("x-forwarded-for")
        return outgoing.with_header("X-Forwarded-For", forwarded) if forwarded else outgoing


@ip_headers.mutant(killed_by="address headers upstream")
class AddsItsPeer(Relay):
    """As behind a web server, the peer's address is noted in a header."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("X-Real-IP", "127.0.0.1")
