"""Honest relays that write down what documents say is so by default, and tell failures as those do that front them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, TypeGuard

from hopcheck_contracts.sse import event_of
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay

Json = dict[str, Any]

OF_CHAT: Json = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "logprobs": False}
OF_RESPONSES: Json = {
    "temperature": 1,
    "top_p": 1,
    "service_tier": "auto",
    "background": False,
    "text": {"format": {"type": "text"}},
}


class FillsDefaults(Relay):
    """Documented defaults of requests are filled in, on every API."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body, path = outgoing.json, outgoing.incoming.path
        if path == "/v1/chat/completions":
            return outgoing.with_json({**OF_CHAT, **_with_details(body)})
        if path == "/v1/responses":
            return outgoing.with_json({**OF_RESPONSES, **body})
        if path == "/v1/messages":
            choice = {"tool_choice": {"type": "auto"}} if body.get("tools") else {}
            heat = {} if "top_p" in body else {"temperature": 1.0}  # some models take one of them alone
            return outgoing.with_json({**heat, "service_tier": "auto", **choice, **body})
        return outgoing


def _with_details(body: Json) -> Json:
    """A chat request whose images say how closely they are to be looked at."""
    parts = [
        part
        for message in body.get("messages") or ()
        if isinstance(message.get("content"), list)
        for part in message["content"]
    ]
    for part in parts:
        if isinstance(part.get("image_url"), dict):
            part["image_url"].setdefault("detail", "auto")
    return body


class FillsMembers(Relay):
    """Where a provider has no fingerprint and no service tier, chat completions get the relay's own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = None if response.streamed or response.status != 200 else response.json
        return response.with_json(_filled(body)) if _is_completion(body) else response

    async def events(self, events: Events) -> Events:
        async for event in events:
            content = event.json
            yield event_of(_filled(content), event.event) if _is_completion(content) else event


def _is_completion(content: Any) -> TypeGuard[Json]:
    return isinstance(content, dict) and str(content.get("object")).startswith("chat.completion")


def _filled(content: Json) -> Json:
    fingerprint = content.get("system_fingerprint") or "fp_gateway"
    return {**content, "system_fingerprint": fingerprint, "service_tier": content.get("service_tier") or "default"}


class HidesClients(Relay):
    """Requests to the provider say that they are somebody's, by an identifier that tells nothing."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Forwarded", 'for=_client;proto=http;by="_gateway"')


class StandsBehindAnEdge(Relay):
    """A provider that cuts a response or is away has an edge's statuses, 520 and 523; on Messages, one away is 529."""

    STATUSES: ClassVar[dict[str, int]] = {"connect": 523, "cut": 520}

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if not self.up or failure.kind not in self.STATUSES:
            return response
        is_overloaded = incoming.is_anthropic and failure.kind == "connect"
        return replace(response, status=529 if is_overloaded else self.STATUSES[failure.kind])
