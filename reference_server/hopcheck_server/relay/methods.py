"""The methods of a relay, each small enough to hold one fault; `relay.Relay` calls them.

A mutant is a subclass of the relay that overrides one method; so is an honest relay. Two compose by inheritance.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from hopcheck_contracts.sse import event_of
from hopcheck_server.relay import errors, surface
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.deployments import Deployments
from hopcheck_server.relay.limits import RelayLimits
from hopcheck_server.relay.messages import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    RelayedResponse,
    incoming,
)
from hopcheck_server.relay.streams import checked, events_of
from hopcheck_server.relay.surfaces import anthropic_surface, responses_surface, typed_streams


class Methods:
    """The methods that a subclass may override.

    Attributes:
        declares: Keys of a target file's `[declares]` for this relay, in addition to those of every relay.
        provider: The dialect that its provider speaks, by the upstream's name; "" for that of its clients.
        config: Its configuration.
        limits: The state of its limits.
        deployments: Those of models that have several.
    """

    declares: ClassVar[Mapping[str, Any]] = {}
    provider: ClassVar[str] = ""

    def __init__(self, config: RelayConfig) -> None:
        self.config = config
        self.limits = RelayLimits()
        self.deployments = Deployments(config.deployments)

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse a client without a valid key; None lets it pass."""
        is_open = incoming.method == "OPTIONS" or incoming.path in surface.HEALTH
        if incoming.key in self.config.client_keys or is_open:
            return None
        challenge = (("WWW-Authenticate", "Bearer"),)
        return errors.refuse(
            incoming, 401, "The API key is missing or wrong.", code="invalid_api_key", headers=challenge
        )

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse what can't be answered, before anything goes upstream; None lets it pass."""
        refusal = surface.check_route(incoming)
        if refusal is None and incoming.method == "POST" and incoming.path in surface.FORWARDED:
            refusal = surface.check_body(incoming, await self.models(incoming), self.config.default_model)
        return refusal

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Count the request against its model's limits; None lets it pass."""
        model = incoming.model
        if model in self.config.rate_limits:
            requests, window_s = self.config.rate_limits[model]
            admission = self.limits.admit(incoming.key, model, requests, window_s)
            if not admission.admitted:
                return self.limited(incoming, admission.headers())
            incoming.extra_headers = admission.headers()
        room = self.config.concurrency_limits.get(model)
        if room is not None and self.limits.in_flight[model] >= room:
            return self.limited(incoming, (("Retry-After", "1"),))
        self.limits.in_flight[model] += 1
        return None

    def limited(self, incoming: IncomingRequest, headers: tuple[tuple[str, str], ...]) -> RelayedResponse:
        """Make the response to a request over its limit."""
        message = f"The limit of {incoming.model} is used up."
        return errors.refuse(incoming, 429, message, code="rate_limit_exceeded", headers=headers)

    async def release(self, incoming: IncomingRequest) -> None:
        """Give back what `limit` took, when the request has ended in any way."""
        self.limits.in_flight[incoming.model] -= 1

    async def models(self, incoming: IncomingRequest) -> tuple[str, ...]:
        """Return the models that this client may use."""
        return self.config.models

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        """Choose the key for a request: that of its model, or of one of the model's deployments."""
        chosen = self.deployments.choose(model, incoming.json)
        return chosen or self.config.upstream_keys.get(model, self.config.upstream_key)

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Edit an attempt before it is sent; called for each."""
        return outgoing

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Return the seconds to wait before the next attempt on the same model, or None for no further attempt."""
        budget = self.config.timeout_retries if failure.kind == "timeout" else self.config.retries
        worth_it = failure.kind != "status" or failure.status == 429 or failure.status >= 500
        if not worth_it or outgoing.attempt_on_model > budget:
            return None
        asked = failure.retry_after_s
        if asked is not None and asked > self.config.read_timeout_s:
            return None
        backoff_s: float = self.config.backoff_s * 2 ** (outgoing.attempt_on_model - 1)
        return max(asked or 0.0, backoff_s)

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Return the model for the next attempt, or None to give up."""
        if failure.kind == "status" and failure.status != 429 and failure.status < 500:
            return None
        return self.config.fallbacks.get(outgoing.model)

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Make the response after the last attempt has failed."""
        return errors.failed(incoming, failure)

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Choose the headers of the provider that the client gets."""
        return [pair for pair in headers if _is_kept(pair[0].lower())]

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Edit a response, or the head of a stream, before it is sent to the client."""
        return response

    async def scrub(self, text: bytes) -> bytes:
        """Mask keys in an error of the provider."""
        return errors.scrubbed(text, self.config.secrets)

    async def log(self, response: RelayedResponse) -> str:
        """Return the log's line about a response."""
        return f"{response.incoming.id} {response.incoming.method} {response.incoming.path} {response.status}"

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        """Parse a provider's stream into events."""
        return events_of(body)

    def sound(self, events: Events) -> Events:
        """Check and complete the provider's events; `Failure` is raised where they break off or are malformed."""
        is_typed = incoming().is_anthropic or incoming().is_for_responses
        return typed_streams.checked(events) if is_typed else checked(events)

    async def events(self, events: Events) -> Events:
        """Edit the events of a stream."""
        async for event in events:
            yield event

    async def broken(self, failure: Failure) -> Events:
        """Yield the events that end a stream which broke after its beginning."""
        message = f"The stream broke: {failure.detail}."
        if incoming().is_anthropic:
            yield event_of(anthropic_surface.error_body(message, 502), "error")
        elif incoming().is_for_responses:
            yield responses_surface.error_event(message, "stream_broken", failure.next_number)
        else:
            yield event_of(errors.error_body(message, 502, code="stream_broken"))

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Yield the bytes of a stream, one write each."""
        async for event in events:
            yield event.raw

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """Stop `work`, because its client has left; that closes the provider's connection."""
        work.cancel()


def _is_kept(name: str) -> bool:
    return name in errors.FORWARDED or name.startswith(anthropic_surface.KEPT_PREFIXES)
