"""Where a client sits is none of the provider's business."""

import re

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

HIDDEN = re.compile(r'\s*for="?(_[\w.-]+|unknown)"?(\s*;(?!\s*for=)[^,;]*)*', re.IGNORECASE)
"""A `Forwarded` that tells no address: RFC 7239 6.3 has identifiers which are made up."""


@case(
    "auth.ip-headers",
    level="SHOULD",
    on=FORWARDED,
    refs=["OmniRoute#13350", "RFC 7239 6.3"],
    needs=["own_account", "two_sided"],
)
async def ip_headers(target: Target, ask: Operation) -> Findings:
    """Headers that tell the client's address are neither passed on to the provider nor added for it."""
    forged = {"X-Forwarded-For": ADDRESS, "X-Real-IP": ADDRESS, "Forwarded": f"for={ADDRESS}"}
    attempt = await target.forwarded(await ask(headers=forged))
    yield expect("client's address upstream", attempt.where(ADDRESS), equals=[])
    telling = [name for name, value in attempt.headers if name in NAMES and not HIDDEN.fullmatch(value)]
    yield expect("address headers upstream", telling, equals=[])


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
