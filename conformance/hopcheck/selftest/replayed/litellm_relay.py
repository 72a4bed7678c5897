"""The relay in front of LiteLLM: with workarounds for LiteLLM's faults below it, and without what LiteLLM does itself.

The relay is written for a provider. LiteLLM's faults would show through it, so the workarounds stand between its
provider's connection and the methods that mutants override.
"""

from __future__ import annotations

import json
from typing import Any

from hopcheck.replay.scripted_backend import is_scripted
from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.litellm_workarounds import (
    fix_error,
    fix_event,
    named_status,
    restore_provider_headers,
    restore_refusal,
)
from hopcheck_server.relay import Relay, RelayConfig
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.provider import ProviderClient, ProviderResponse
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.headers import Headers
from hopcheck_server.wire.responses import Head


class ProviderWithWorkarounds(ProviderClient):
    """LiteLLM, seen through the workarounds for its faults."""

    async def attempt(self, outgoing: OutgoingRequest, timeout_s: float) -> ProviderResponse:
        """Send one attempt (see `ProviderClient`). A script in LiteLLM's place needs no workaround."""
        if is_scripted(Marker.find(outgoing.body)):
            return await super().attempt(outgoing, timeout_s)
        try:
            response = await super().attempt(_with_trace_context(outgoing), timeout_s)
        except Failure as failure:
            raise _fixed_failure(failure) from failure
        response.head.headers = _fixed_headers(response.head)
        if response.events is not None:
            options = outgoing.json.get("stream_options")
            wants_usage = isinstance(options, dict) and options.get("include_usage") is True
            response.events = _fixed_events(response.events, wants_usage=wants_usage)
        elif (fixed := restore_refusal(json.loads(response.body))) is not None:
            response.body = _encode(fixed)
        return response


def _with_trace_context(outgoing: OutgoingRequest) -> OutgoingRequest:
    """The request with its trace context in the body, from where LiteLLM passes it on."""
    trace = {name.lower(): value for name, value in outgoing.headers if name.lower() in ("traceparent", "tracestate")}
    return outgoing.with_json({"headers": trace, **outgoing.json}) if trace else outgoing


def _fixed_headers(head: Head) -> Headers:
    return Headers(restore_provider_headers({name.lower(): value for name, value in head.headers}).items())


def _fixed_failure(failure: Failure) -> Failure:
    """The failure with the status and the error that the provider sent."""
    try:
        body = json.loads(failure.body)
    except ValueError:
        return failure
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or failure.kind not in ("error-event", "status"):
        return failure
    status, fixed = _fixed_error(failure.status if failure.kind == "status" else named_status(error), error)
    headers = _fixed_headers(failure.head) if failure.head else Headers()
    return Failure("status", failure.detail, Head(status, "", "1.1", headers), _encode(fixed))


def _fixed_error(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body that the provider meant, with the members that an error must have."""
    status, error = fix_error(status, error)
    kind = error.get("type") or ("invalid_request_error" if status < 500 else "server_error")
    message = str(error.get("message"))
    if message.lstrip().lower().startswith(("<html", "<!doctype")):
        message = f"The upstream answered with status {status}."
    return status, {"error": {"param": None, "code": None, **error, "type": kind, "message": message}}


async def _fixed_events(events: Events, *, wants_usage: bool) -> Events:
    async for event in events:
        fixed = _fixed_event(event, wants_usage=wants_usage)
        if fixed is not None:
            yield fixed


def _fixed_event(event: Event, *, wants_usage: bool) -> Event | None:
    """The event without LiteLLM's faults; None for counts that the client didn't ask for.

    Events that name their type, those of Responses and Messages, stay as they are.
    """
    chunk: Any = None if event.is_done else event.json
    if not isinstance(chunk, dict) or "type" in chunk:
        return event
    if isinstance(chunk.get("error"), dict):
        return event_of(_fixed_error(named_status(chunk["error"]), chunk["error"])[1])
    fixed = fix_event(chunk)
    if not wants_usage and chunk.get("usage") and not (fixed or chunk).get("choices"):
        return None
    return event if fixed is None else event_of(fixed)


def _encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


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
