"""Connections to the provider that serve more than one request."""

from hopcheck import Findings, OutgoingRequest, Relay, Target, case, expect
from hopcheck.cases.http.keepalive import DROPPED


@case(
    "http.upstream-keepalive",
    level="SHOULD",
    because="it asks on several operations",
    refs=["RFC 9112 9.3", "litellm#14384", "litellm#17388"],
    needs=["two_sided"],
    isolation="exclusive",  # so that no other case takes connections from the pool
    floods=True,
    trips_on=[DROPPED],
)
async def upstream_keepalive(target: Target) -> Findings:
    """Connections to the upstream are used again, after answers and after streams."""
    for name, ask in {"answers": target.chat.create, "streams": target.chat.stream}.items():
        before = await target.connections()
        used = {(await target.forwarded(await ask())).connection for _ in range(8)}
        yield expect(f"new connections for 8 {name}", len([number for number in used if number > before]), at_most=4)


@upstream_keepalive.mutant(killed_by="new connections for 8 answers")
class ConnectsEachTime(Relay):
    """Every upstream request opens a connection."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self._provider.close()
        return outgoing


@upstream_keepalive.mutant(killed_by="new connections for 8 streams")
class ConnectsForStreams(Relay):
    """Streams are asked for on connections of their own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.streams:
            self._provider.close()
        return outgoing
