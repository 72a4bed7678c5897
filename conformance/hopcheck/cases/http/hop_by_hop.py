"""Headers that are meant for one connection, and end there."""

from typing import Any

from hopcheck import Findings, OutgoingRequest, Relay, Target, case, expect, reply

CLIENTS = {
    "Connection": "keep-alive, TE, X-Hop-Private",
    "Keep-Alive": "timeout=77",
    "TE": "trailers;q=0.7",
    "Proxy-Connection": "keep-alive",
    "X-Hop-Private": "client",
}
PROVIDERS = (
    ("connection", "x-hop-private"),
    ("keep-alive", "timeout=78"),
    ("proxy-connection", "keep-alive"),
    ("x-hop-private", "provider"),
)


def passed(headers: list[tuple[str, str]], own: Any) -> list[str]:
    """The headers that were passed on with the value they had; what the gateway says for itself has another one."""
    sent = {(name.lower(), value) for name, value in dict(own).items() if name.lower() != "connection"}
    named = ["connection: x-hop-private" for name, value in headers if (name.lower(), value) == PROVIDERS[0]]
    return [f"{name}: {value}" for name, value in headers if (name.lower(), value) in sent] + named


@case(
    "http.hop-by-hop",
    level="MUST",
    refs=["RFC 9110 7.6.1"],
    upstream=reply.chat("Hel", "lo", headers=PROVIDERS, framing="chunked"),
)
async def hop_by_hop(target: Target) -> Findings:
    """Headers of one connection, those that Connection names included, are passed on in neither direction."""
    answer, stream = await target.chat.create(headers=CLIENTS), await target.chat.stream(headers=CLIENTS)
    attempts = [await target.forwarded(answer), await target.forwarded(stream)]
    yield expect("of the client, upstream", [passed(one.headers, CLIENTS) for one in attempts], equals=[[], []])
    yield expect("of the provider", [passed(one.headers, PROVIDERS) for one in (answer, stream)], equals=[[], []])


@hop_by_hop.mutant(killed_by="of the client, upstream")
class PassesWhatConnectionNames(Relay):
    """The client's own headers are passed on, and nobody looks into Connection."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        private = outgoing.incoming.header("x-hop-private")
        return outgoing.with_header("X-Hop-Private", private) if private else outgoing


@hop_by_hop.mutant(killed_by="of the provider")
class PassesKeepAlive(Relay):
    """The provider's Keep-Alive is passed on as if it were the gateway's."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return await super().kept(headers) + [pair for pair in headers if pair[0].lower() == "keep-alive"]
