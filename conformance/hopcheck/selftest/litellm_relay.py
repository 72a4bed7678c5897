"""The relay in front of LiteLLM: with the reference proxy's workarounds below it, and nothing of what LiteLLM does itself.

The relay is written for a provider. What LiteLLM gets wrong would show through it, so the workarounds stand between its
provider's connection and the methods that mutants override.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hopcheck.replay.scripted_backend import is_scripted
from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.proxy.adapters.litellm.workarounds import LiteLLMWorkarounds, carry_trace_context
from hopcheck_server.proxy.adapters.streams.event_relay import has_content
from hopcheck_server.proxy.adapters.upstream_errors import ErrorMapper
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.relay import Relay, RelayConfig
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.provider import ProviderClient, ProviderResponse
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.responses import Head

_WORKAROUNDS = LiteLLMWorkarounds()


class _Candid(Redactor):
    """Masks nothing: that is the relay's own work."""

    def text(self, text: str) -> str:
        """As it is."""
        return text


_ERRORS = ErrorMapper(_WORKAROUNDS, _Candid(()))


class ProviderWithWorkarounds(ProviderClient):
    """LiteLLM as the reference proxy makes it look."""

    async def attempt(self, outgoing: OutgoingRequest, timeout_s: float) -> ProviderResponse:
        """Send one attempt (see `Provider`). Where a script is in LiteLLM's seat, there is nothing to mend."""
        if is_scripted(Marker.find(outgoing.body)):
            return await super().attempt(outgoing, timeout_s)
        try:
            answer = await super().attempt(_traced(outgoing), timeout_s)
        except Failure as failure:
            raise _mended_failure(failure) from failure
        answer.head.headers = _mended_headers(answer.head)
        if answer.events is not None:
            options = outgoing.json.get("stream_options")
            wants_usage = isinstance(options, dict) and options.get("include_usage") is True
            answer.events = _mended_events(answer.events, wants_usage=wants_usage)
        elif (mended := _WORKAROUNDS.response(json.loads(answer.body))) is not None:
            answer.body = json.dumps(mended, ensure_ascii=False).encode()
        return answer


def _traced(outgoing: OutgoingRequest) -> OutgoingRequest:
    headers = {name.lower(): value for name, value in outgoing.headers}
    return replace(outgoing, body=carry_trace_context(outgoing.body, headers))


def _mended_headers(head: Head) -> list[tuple[str, str]]:
    return list(_WORKAROUNDS.incoming_headers({name.lower(): value for name, value in head.headers}).items())


def _mended_failure(failure: Failure) -> Failure:
    """The failure with the status and the error that the provider meant."""
    if failure.kind == "error-event":
        return _told(failure, _ERRORS.in_success((json.loads(failure.body) or {}).get("error")))
    if failure.kind != "status" or failure.head is None:
        return failure
    headers = {name.lower(): value for name, value in failure.head.headers}
    return _told(failure, _ERRORS.response(failure.status, headers, failure.body))


def _told(failure: Failure, error: ProxyError) -> Failure:
    kept = _mended_headers(failure.head) if failure.head else []
    return Failure("status", failure.detail, Head(error.status, "", "1.1", kept), error.encode())


async def _mended_events(events: Events, *, wants_usage: bool) -> Events:
    async for event in events:
        mended = _mended(event, wants_usage=wants_usage)
        if mended is not None:
            yield mended


def _mended(event: Event, *, wants_usage: bool) -> Event | None:
    payload: Any = None if event.is_done else event.json
    if not isinstance(payload, dict):
        return event
    if payload.get("error"):
        return event_of(_ERRORS.in_success(payload["error"]).body)
    if not (wants_usage or has_content(payload)):
        return None
    mended = _WORKAROUNDS.event(payload)
    return event if mended is None else event_of(mended)


class BehindLiteLLM(Relay):
    """A relay in front of LiteLLM, which retries, falls back and limits by itself."""

    def __init__(self, config: RelayConfig) -> None:
        """Set up, with LiteLLM as the provider."""
        super().__init__(config)
        self._provider = ProviderWithWorkarounds(config.upstream, self.parse)

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Limits are LiteLLM's; what is in flight is counted all the same."""
        self.limits.in_flight[incoming.model] += 1
        return None

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Retries are LiteLLM's."""
        return None

    async def fall_back(self, outgoing: OutgoingRequest, failure: Failure) -> str | None:
        """Fallbacks are LiteLLM's."""
        return None
