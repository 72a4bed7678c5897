"""Relays that show keys, addresses and files, and that pass on what is none of the provider's business."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from hopcheck.authoring import edits
from hopcheck.client.operations import ANSWERED
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_server.relay import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, refuse

ALL = (*ANSWERED, "models")


class _Passes(Relay):
    """Base of relays that pass some of the client's headers on."""

    names: tuple[str, ...] = ()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        for name in self.names:
            value = outgoing.incoming.header(name)
            outgoing = outgoing.with_header(name, value) if value else outgoing
        return outgoing


@invariant_mutant("credentials", *ANSWERED)
class PassesAuthorization(_Passes):
    """The client's key goes to the provider."""

    names = ("authorization",)


@invariant_mutant("credentials", *ANSWERED)
class PassesSessionCookies(_Passes):
    """The client's cookies go to the provider."""

    names = ("cookie",)


@invariant_mutant("credentials", *ANSWERED)
class PassesAddresses(_Passes):
    """Where the client sits goes to the provider."""

    names = ("x-forwarded-for",)


@invariant_mutant("credentials", *ANSWERED)
class RetriesWithoutKey(Relay):
    """A retry carries no credential."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        keys = ("authorization", "x-api-key")
        kept = tuple(pair for pair in outgoing.headers if pair[0].lower() not in keys)
        return replace(outgoing, headers=kept) if outgoing.attempt > 1 else outgoing


class _Shows(Relay):
    """Base of relays with one header too many."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        for name, value in self.shown(response.incoming).items():
            response = response.with_header(name, value)
        return response

    def shown(self, incoming: IncomingRequest) -> Mapping[str, str]:
        """What is shown to a client."""
        return {}


@invariant_mutant("secrets", *ALL)
class RepeatsClientsKey(_Shows):
    """A header says by which key the client was known."""

    def shown(self, incoming: IncomingRequest) -> Mapping[str, str]:
        return {"x-known-by": self.config.client_keys[0][:14]}


@invariant_mutant("secrets", *ANSWERED)
class EncodesKey(_Shows):
    """A header holds the provider's key in base64."""

    def shown(self, incoming: IncomingRequest) -> Mapping[str, str]:
        return {"x-trace": base64.b64encode(f"key={self.config.upstream_key}".encode()).decode()}


@invariant_mutant("secrets", *ANSWERED)
class BelievesTheProvider(Relay):
    """The provider's error texts are passed on as they are."""

    async def scrub(self, text: bytes) -> bytes:
        return text


@invariant_mutant("secrets", "chat.stream")
class SplitsKey(Relay):
    """The provider's key stands in a stream, a few characters in each event."""

    async def events(self, events: Events) -> Events:
        key = self.config.upstream_key
        parts = iter([key[start : start + 5] for start in range(0, len(key), 5)])
        async for event in events:
            chunk = edits.chunk_of(event)
            if chunk and edits.text_of(chunk):
                for part in parts:
                    yield edits.deltas(event, lambda delta, part=part: delta.update(content=part))  # type: ignore[misc]
            yield event


@invariant_mutant("internals", *ANSWERED)
class NamesProvider(_Shows):
    """A header says where the provider is."""

    def shown(self, incoming: IncomingRequest) -> Mapping[str, str]:
        return {"x-api-base": self.config.upstream}


@invariant_mutant("internals", *ALL)
class ShowsTracebacks(Relay):
    """A refusal of a key ends in a traceback."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        trace = 'Traceback (most recent call last):\n  File "/app/main.py", line 88, in authorize'
        return refuse(incoming, 401, trace) if await super().authorize(incoming) else None


@invariant_mutant("internals", *ANSWERED)
class NamesItsOwnFile(Relay):
    """An error names a file of the server."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return refuse(incoming, 502, "see /var/log/relay/errors.log")


@invariant_mutant("internals", *ANSWERED)
class NamesItsNeighbour(Relay):
    """An error names another server of the gateway's network."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return refuse(incoming, 502, "connect to 10.1.17.4:8443: refused")


@invariant_mutant("internals", *ALL)
class ShowsPrices(_Shows):
    """Every response has its price in a header."""

    def shown(self, incoming: IncomingRequest) -> Mapping[str, str]:
        return {"x-response-cost": "0.00042"}
