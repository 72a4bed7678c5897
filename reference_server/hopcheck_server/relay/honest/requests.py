"""Honest relays that differ in the requests that they accept and send, and in how they compress streams."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import Events, IncomingRequest, OutgoingRequest, RelayedResponse, incoming
from hopcheck_server.relay.relay import Relay


class RewritesRequests(Relay):
    """Requests are sent as different text with the same meaning, and with a default that the client left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        may_stream = "messages" in outgoing.json and not outgoing.incoming.path.endswith("/count_tokens")
        body = {**({"stream": False} if may_stream else {}), **outgoing.json}
        return replace(outgoing, body=json.dumps(body, sort_keys=True).encode())


class WritesNewForms(Relay):
    """Older forms of fields are written in the newer ones, and documented defaults are filled in."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if "messages" not in body or outgoing.incoming.is_anthropic:
            return outgoing
        if "max_tokens" in body:
            body.setdefault("max_completion_tokens", body.pop("max_tokens"))
        if isinstance(body.get("stop"), str):
            body["stop"] = [body["stop"]]
        for tool in body.get("tools") or ():
            if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
                tool["function"].setdefault("strict", False)
        return outgoing.with_json({**_defaults(body), **body})


def _defaults(body: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI's document gives to the fields that a request leaves out."""
    choosing = {"tool_choice": "auto", "parallel_tool_calls": True} if body.get("tools") else {}
    plain = {"store": False, "n": 1, "stream": False, "response_format": {"type": "text"}, "service_tier": "auto"}
    return {**plain, **choosing}


class HidesBackups(Relay):
    """A model that only answers for another one isn't listed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json if response.incoming.path == "/v1/models" else None
        if not isinstance(body, dict) or "data" not in body:
            return response
        backups = self.config.fallbacks.values()
        return response.with_json({**body, "data": [one for one in body["data"] if one["id"] not in backups]})


class ListsModelsAnew(Relay):
    """Models are listed in another order each time."""

    _turns = 0

    async def models(self, incoming: IncomingRequest) -> tuple[str, ...]:
        models = await super().models(incoming)
        self._turns += 1
        first = self._turns % len(models)
        return (*models[first:], *models[:first])


class NamesModelsAlike(Relay):
    """A model and its fallback have the same name at their providers, which differ by their keys alone."""

    declares: ClassVar[Mapping[str, Any]] = {
        "model_map": {"alias-model": "provider-model", "fragile-model": "twin-model", "backup-model": "twin-model"}
    }

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        fallbacks = self.config.fallbacks
        has_twin = outgoing.model in {*fallbacks, *fallbacks.values()}
        return outgoing.with_json({**outgoing.json, "model": "twin-model"}) if has_twin else outgoing


class DropsDeclaredFields(Relay):
    """The fields that it declares to drop are dropped."""

    declares: ClassVar[Mapping[str, Any]] = {"drops": ("metadata", "service_tier", "user")}

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        kept = {field: value for field, value in body.items() if field not in self.declares["drops"]}
        return outgoing if len(kept) == len(body) else outgoing.with_json(kept)


class RefusesUnknownFields(Relay):
    """A field that isn't part of the API is refused with 400."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        known = incoming.is_anthropic  # whose API has it
        unknown = [one for one in incoming.json or () if one.startswith("x_") or (one == "top_k" and not known)]
        if refusal is not None or not unknown:
            return refusal
        return refuse(incoming, 400, f"Unknown field {unknown[0]!r}.", code="unknown_parameter", param=unknown[0])


class TracesByItself(Relay):
    """Each attempt is a span of its own, in the client's trace or in a new one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        parts = (outgoing.incoming.header("traceparent") or "").split("-")
        trace = parts[1] if len(parts) == 4 else outgoing.incoming.id
        return outgoing.with_header("traceparent", f"00-{trace}-{outgoing.incoming.id[:16]}-01")


class CompressesStreams(Relay):
    """Streams are compressed for clients that accept it, each event flushed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Encoding", "gzip") if response.streamed and _takes_gzip() else response

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        deflate = zlib.compressobj(wbits=31) if _takes_gzip() else None
        async for event in events:
            yield deflate.compress(event.raw) + deflate.flush(zlib.Z_SYNC_FLUSH) if deflate else event.raw
        if deflate:
            yield deflate.flush()


def _takes_gzip() -> bool:
    return "gzip" in (incoming().header("accept-encoding") or "")
