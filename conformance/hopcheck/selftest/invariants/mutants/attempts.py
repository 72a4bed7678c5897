"""Relays that ask the provider too often, with other requests, or on behalf of nobody."""

from __future__ import annotations

import asyncio

from hopcheck.client.operations import ANSWERED, ON_MESSAGES
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_server.relay import Failure, OutgoingRequest, Relay
from hopcheck_server.relay.provider import ProviderResponse


@invariant_mutant("attempts", *ANSWERED)
class TriesSixTimes(Relay):
    """A failing provider is asked six times, where three are declared."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        return (
            0.0 if failure.status == 500 and outgoing.attempt_on_model < 6 else await super().retry(outgoing, failure)
        )


@invariant_mutant("attempts", *ANSWERED)
class AsksTwice(Relay):
    """Every request is sent twice, and the second response counts."""

    async def _obtain(self, outgoing: OutgoingRequest) -> ProviderResponse:
        first = await super()._obtain(outgoing)
        if first.events is not None:
            async for _ in first.events:
                pass
        first.close()
        return await super()._obtain(outgoing)


@invariant_mutant("attempts", *ANSWERED)
class MarksRetries(Relay):
    """A retry says that it is one, in a field of its own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "user": "retry"}) if outgoing.attempt > 1 else outgoing


@invariant_mutant("attempts", *ON_MESSAGES, "count_tokens")
class ForgetsBetas(Relay):
    """A retry doesn't name the betas that its client asks for."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("anthropic-beta", None) if outgoing.attempt > 1 else outgoing


@invariant_mutant("cleanup", *ANSWERED)
class ReadsOn(Relay):
    """A request whose client has left goes on."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work})
