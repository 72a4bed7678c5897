"""Relays that fail by themselves, and those that report a provider's failures badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hopcheck.client.operations import ANSWERED, OF_OPENAI
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import event_of
from hopcheck_server.relay import (
    Events,
    Failure,
    IncomingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    refuse,
)

ALL = (*ANSWERED, "models")


class _EveryFourth(Relay):
    """Base of relays that refuse every fourth request."""

    status = 500

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._requests = 0

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        self._requests += 1
        refused = refuse(incoming, self.status, "Try again.") if self._requests % 4 == 0 else None
        return refused or await super().check(incoming)


@invariant_mutant("unprovoked", *ALL)
class FailsNowAndThen(_EveryFourth):
    """Every fourth request gets a 500 of the relay's own."""


@invariant_mutant("unprovoked", *ANSWERED)
class RefusesNowAndThen(_EveryFourth):
    """Every fourth request gets a 429 of the relay's own, which says nothing of a limit."""

    status = 429


@invariant_mutant("error-shape", *ALL)
class SaysDetail(Relay):
    """Errors have the shape of a web framework."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "It failed."}) if response.status >= 400 else response


class _RewordsErrors(Relay):
    """Base of relays that replace some of a provider's error, also within streams."""

    instead: Mapping[str, Any]

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response.with_json({"error": {**response.json["error"], **self.instead}})

    async def events(self, events: Events) -> Events:
        async for event in events:
            error = event.json.get("error") if isinstance(event.json, dict) else None
            yield event_of({"error": {**error, **self.instead}}) if error else event


@invariant_mutant("error-shape", *ANSWERED)
class HidesMessages(_RewordsErrors):
    """What the provider says of an error is hidden."""

    instead = MappingProxyType({"message": "Something went wrong."})


@invariant_mutant("error-shape", *OF_OPENAI)
class HidesCodes(_RewordsErrors):
    """Every error has the same code."""

    instead = MappingProxyType({"code": "error"})


@invariant_mutant("error-shape", "chat", "embeddings")
class AnswersErrorsWith200(Relay):
    """A provider's error is a 200 without an error."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, status=200).with_json({"object": "list", "data": []})


@invariant_mutant("retry-after", *ANSWERED)
class ForgetsRetryAfter(Relay):
    """When to come back isn't passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Retry-After", None)


@invariant_mutant("retry-after", *ANSWERED)
class CountsMilliseconds(Relay):
    """Seconds are passed on as if they were milliseconds."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wait = response.header("retry-after")
        return response.with_header("Retry-After", f"{wait}000") if wait else response


@invariant_mutant("retry-after", *ANSWERED)
class SuccessesSayWhen(Relay):
    """A success names a time to come back."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        response = await super().response(response)
        return response.with_header("Retry-After", "1") if response.status == 200 else response
