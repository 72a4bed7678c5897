"""Mutants of the cases about keys on their way to the provider, and about caches."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace

from hopcheck import Events, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, incoming
from hopcheck.selftest.independent import violates


@violates("auth.alt-headers")
class PassesAzureKeys(Relay):
    """Of the headers with keys, the one that Azure's clients send is not known, and goes on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        key = outgoing.incoming.header("api-key")
        return outgoing.with_header("api-key", key) if key else outgoing


@violates("auth.alt-headers")
class RenamesCookies(Relay):
    """A client's cookies go to the provider under the name of another header."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        cookie = outgoing.incoming.header("cookie")
        return outgoing.with_header("X-Original-Cookie", cookie) if cookie else outgoing


@violates("auth.not-forwarded")
class SendsBasicCredentials(Relay):
    """The client's key goes on in base64, as the name of a Basic credential."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        token = base64.b64encode(f"{outgoing.incoming.key}:".encode()).decode()
        return outgoing.with_header("X-Client-Authorization", f"Basic {token}")


@violates("auth.not-forwarded")
class AttributesByKey(Relay):
    """A request that names no user goes on with the client's key as the user."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({"user": outgoing.incoming.key, **outgoing.json})


@violates("auth.upstream-key-used")
class TakesTurnsWithKeys(Relay):
    """Every second request goes upstream with the key of another provider."""

    number = 0

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self.number += 1
        if self.number % 2:
            return outgoing
        return outgoing.with_header("Authorization", f"Bearer {self.config.upstream_keys['backup-model']}")


@violates("cache.off-by-default", on=("chat", "embeddings"))
class JoinsRequestsInFlight(Relay):
    """A request that equals the last one within ten seconds is answered with its response."""

    last: tuple[bytes, RelayedResponse] | None = None

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self.last and self.last[0] == incoming.body:
            return replace(self.last[1], incoming=incoming)
        return await super().check(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 200 and response.incoming.method == "POST":
            self.last = (response.incoming.body, response)
        return response


@violates("cache.off-by-default", on="chat.stream")
class ReplaysStreams(Relay):
    """A stream whose request was asked before is played again from memory, with new ids."""

    seen: dict[bytes, list[bytes]]

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self.seen = getattr(self, "seen", {})
        known = self.seen.get(incoming.body)
        if not known:
            return await super().check(incoming)
        return RelayedResponse(incoming, 200, [("Content-Type", "text/event-stream")], b"".join(known))

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        kept = self.seen.setdefault(incoming().body, [])
        async for event in events:
            kept.append(event.raw)
            yield event.raw
