"""Relays that break HTTP, or mix messages up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hopcheck.authoring import edits
from hopcheck.client.operations import ANSWERED
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_server.relay import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
)

ALL = (*ANSWERED, "models")


@invariant_mutant("http", *ALL)
class DatesTwice(Relay):
    """A response has two dates."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        dates = [("Date", "Sun, 29 Nov 2026 12:00:00 GMT")] * 2
        return replace(response, headers=[*response.headers, *dates])


@invariant_mutant("http", *ANSWERED)
class PassesKeepAlive(Relay):
    """How long the provider keeps a connection reaches the client."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        value = failure.head.header("keep-alive") if failure.head else None
        return response.with_header("Keep-Alive", value) if value else response


@invariant_mutant("http", *ANSWERED)
class PassesTransferCodings(Relay):
    """Which transfer codings the client takes reaches the provider."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        value = outgoing.incoming.header("te")
        return outgoing.with_header("TE", value) if value else outgoing


@invariant_mutant("http", "chat.stream")
class CallsStreamsJson(Relay):
    """A stream is sent as JSON."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Type", "application/json") if response.streamed else response


@invariant_mutant("identity", *ALL)
class NumbersNothing(Relay):
    """Every request has the same id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-request-id", "req_1")


@invariant_mutant("identity", "chat", "chat.stream")
class NumbersNoResponses(Relay):
    """Every response has the same id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self._edit)

    def events(self, events: Events) -> Events:
        return edits.chunks(events, self._edit)

    def _edit(self, body: dict[str, Any]) -> None:
        body["id"] = "chatcmpl-1"


@invariant_mutant("identity", "chat")
class AnswersLate(Relay):
    """A request gets the response to the one before."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._before = b""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.origin != "provider" or response.status != 200:
            return response
        body, self._before = self._before or response.body, response.body
        return replace(response, body=body)
