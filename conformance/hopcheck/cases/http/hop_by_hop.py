"""Headers that are meant for one connection, and end there."""

from collections.abc import Iterable

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)

CLIENTS = (
    ("Connection", "keep-alive, TE, X-Hop-Private"),
    ("Keep-Alive", "timeout=77"),
    ("TE", "trailers;q=0.7"),
    ("Proxy-Connection", "keep-alive"),
    ("X-Hop-Private", "client"),
)
PROVIDERS = (
    ("Connection", "x-hop-private"),
    ("Keep-Alive", "timeout=78"),
    ("Proxy-Connection", "keep-alive"),
    ("X-Hop-Private", "provider"),
)

Headers = Iterable[tuple[str, str]]


def passed(headers: Headers, sent: Headers) -> tuple[list[str], list[str]]:
    """The headers that were passed on with the value they had: those that Connection named, itself included; others."""
    values = {name.lower(): value for name, value in sent}
    named = {"connection", *values["connection"].lower().split(", ")}
    kept = [name.lower() for name, value in headers if values.get(name.lower()) == value]
    return [name for name in kept if name in named], [name for name in kept if name not in named]


@case(
    "http.hop-by-hop",
    level="MUST",
    on=FORWARDED,
    refs=["RFC 9110 7.6.1"],
    upstream=reply.chat("Hel", "lo", headers=PROVIDERS, framing="chunked"),
)
async def hop_by_hop(target: Target, ask: Operation) -> Findings:
    """Headers that Connection names end at the gateway, in both directions; so should others about one connection."""
    response = await ask(headers=dict(CLIENTS))
    attempt = await target.forwarded(response)
    named_by_client, other_of_client = passed(attempt.headers, CLIENTS)
    named_by_provider, other_of_provider = passed(response.headers, PROVIDERS)
    yield expect("named by the client", named_by_client, equals=[])
    yield expect("named by the provider", named_by_provider, equals=[])
    # RFC 9110: a field that is known to be about one connection, and that Connection doesn't name, SHOULD be removed.
    yield expect("others of the client", other_of_client, equals=[], level="SHOULD")
    yield expect("others of the provider", other_of_provider, equals=[], level="SHOULD")


class PassesToProvider(Relay):
    """One of the client's headers is passed on."""

    name = ""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        value = outgoing.incoming.header(self.name)
        return outgoing.with_header(self.name, value) if value else outgoing


@hop_by_hop.mutant(killed_by="named by the client")
class PassesWhatClientsName(PassesToProvider):
    """The client's own headers are passed on, and nobody looks into Connection."""

    name = "x-hop-private"


@hop_by_hop.mutant(killed_by="others of the client")
class PassesProxyConnection(PassesToProvider):
    """A header that old clients send to proxies goes to the provider."""

    name = "proxy-connection"


class PassesToClient(Relay):
    """One of the provider's headers is passed on."""

    name = ""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return await super().kept(headers) + [pair for pair in headers if pair[0].lower() == self.name]


@hop_by_hop.mutant(killed_by="named by the provider")
class PassesWhatProvidersName(PassesToClient):
    """The provider's own headers are passed on, and nobody looks into Connection."""

    name = "x-hop-private"


@hop_by_hop.mutant(killed_by="others of the provider")
class PassesKeepAlive(PassesToClient):
    """The provider's Keep-Alive is passed on as if it were the gateway's."""

    name = "keep-alive"
