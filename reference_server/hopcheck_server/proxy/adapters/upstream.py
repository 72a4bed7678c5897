"""Relays requests to LiteLLM, or straight to a provider: bytes in both directions, errors with a real status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck_server.proxy.adapters.backends import Backend
from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.headers import response_headers
from hopcheck_server.proxy.adapters.model_list import (
    ModelList,
    find_model,
    listing_as_info,
    llm_models,
    llm_models_response,
)
from hopcheck_server.proxy.adapters.streams.event_relay import EventRelay
from hopcheck_server.proxy.adapters.streams.synthesis import events_of
from hopcheck_server.proxy.adapters.streams.upstream_stream import UpstreamStream
from hopcheck_server.proxy.adapters.transport import Method, TimedOut, Transport, TransportError, UpstreamResponse
from hopcheck_server.proxy.adapters.upstream_errors import ErrorMapper, transport_failure
from hopcheck_server.proxy.errors import ProxyError, model_not_found, upstream_unreadable
from hopcheck_server.proxy.json_text import encode
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.proxy.settings import Settings
from hopcheck_server.proxy.telemetry.notes import Waiting

# Chats wait for it, so a list that is slow to come counts as none.
LIST_S = 5.0


class UpstreamAdapter(BaseLLMAdapter):
    """One upstream, spoken to through one transport; sends each request once.

    Args:
        settings: time limits.
        transport: carries the bytes.
        backend: what is particular about this upstream.
    """

    def __init__(self, settings: Settings, transport: Transport, backend: Backend) -> None:
        self._settings = settings
        self._transport = transport
        self._backend = backend
        self._redactor = Redactor(settings.secrets)
        self._errors = ErrorMapper(backend, self._redactor)
        self._list = ModelList(self._fetch_model_ids, settings.models_ttl_s)

    async def chat(self, call: Call) -> AdapterResponse | AdapterStream:
        """Relay a chat completion."""
        await self._check_model(call)
        if not call.streams:
            return await self._relay("/chat/completions", call)
        return await self._stream(call)

    async def embeddings(self, call: Call) -> AdapterResponse:
        """Relay an embeddings request."""
        await self._check_model(call)
        return await self._relay("/embeddings", call)

    async def models(self) -> AdapterResponse:
        """Relay the upstream's list."""
        return await self._get("/models")

    async def model(self, model_id: str) -> AdapterResponse:
        """Find it in the list: LiteLLM's own look-up misses ids with a slash, and has another error shape."""
        entry = find_model(json.loads((await self.models()).body), model_id)
        if entry is None:
            raise model_not_found(model_id)
        return AdapterResponse(encode(entry))

    async def llm_models(self) -> AdapterResponse:
        """The list, with what LiteLLM's model info adds."""
        listed = json.loads((await self.models()).body)
        info = listing_as_info(listed) if self._backend.lists_authoritatively else await self._model_info()
        return llm_models_response(llm_models(listed, info))

    async def check_ready(self) -> None:
        """LiteLLM is asked whether it lives, which costs it no provider call; a provider is not asked."""
        if self._backend.lists_authoritatively:
            return
        root = self._settings.upstream_v1.removesuffix("/v1")
        url = f"{root}/health/liveliness"
        reply, body = await self._fetch("GET", url, None, {}, self._settings.health_timeout_s)
        if reply.status != 200:
            raise self._errors.response(reply.status, reply.headers, body)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def _check_model(self, call: Call) -> None:
        """Where the list is complete, don't trouble the provider with a model that isn't on it."""
        if not (self._settings.check_models and self._backend.lists_authoritatively):
            return
        if not await self._list.may_know(call.model):
            raise model_not_found(call.model)

    async def _fetch_model_ids(self) -> frozenset[str]:
        listed = json.loads((await self._get("/models", LIST_S)).body)
        return frozenset(str(entry["id"]) for entry in listed["data"])

    async def _model_info(self) -> dict[str, Any]:
        try:
            info: dict[str, Any] = json.loads((await self._get("/model/info")).body)
        except ProxyError:
            return {}
        return info

    async def _relay(self, path: str, call: Call) -> AdapterResponse:
        raw, headers = self._backend.outgoing(call)
        return await self._exchange("POST", path, raw, headers, self._settings.timeout_s)

    async def _get(self, path: str, limit_s: float | None = None) -> AdapterResponse:
        answer = await self._exchange("GET", path, None, {}, limit_s or self._settings.timeout_s)
        if not isinstance(json.loads(answer.body).get("data"), list):
            raise upstream_unreadable()
        return answer

    async def _exchange(
        self, method: Method, path: str, raw: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> AdapterResponse:
        """One request and its whole answer, which must be a JSON object."""
        reply, body = await self._fetch(method, path, raw, headers, limit_s)
        mended = self._backend.answer(self._require_success(reply, body))
        return AdapterResponse(body if mended is None else encode(mended), self._client_headers(reply))

    async def _fetch(
        self, method: Method, path: str, raw: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> tuple[UpstreamResponse, bytes]:
        """One request and its whole answer, whatever it is, within `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._transport.send(method, path, raw, headers)
                try:
                    return reply, await _read_all(reply)
                finally:
                    await reply.aclose()
        except TimeoutError:
            raise transport_failure(TimedOut(), limit_s) from None
        except TransportError as error:
            raise transport_failure(error, limit_s) from None

    def _require_success(self, reply: UpstreamResponse, body: bytes) -> dict[str, Any]:
        """Raise what the answer is if it isn't a success that holds JSON; give the JSON."""
        if reply.status != 200:
            raise self._errors.response(reply.status, reply.headers, body)
        payload = _json(body)
        if payload.get("error") and "choices" not in payload:
            raise self._errors.in_success(payload["error"])
        return payload

    async def _stream(self, call: Call) -> AdapterStream:
        raw, headers = self._backend.outgoing(call)
        reply = await self._head(raw, headers)
        try:
            return await self._stream_answer(call, reply)
        except BaseException:
            await reply.aclose()
            raise

    async def _head(self, raw: bytes, headers: Mapping[str, str]) -> UpstreamResponse:
        limit_s = self._settings.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._transport.send("POST", "/chat/completions", raw, headers)
        except TimeoutError:
            raise transport_failure(TimedOut(), limit_s) from None
        except TransportError as error:
            raise transport_failure(error, limit_s) from None

    async def _stream_answer(self, call: Call, reply: UpstreamResponse) -> AdapterStream:
        media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if reply.status != 200 or media_type in ("application/json", "text/html"):
            return await self._not_a_stream(call, reply)
        settings = self._settings
        relay = EventRelay(wants_usage=call.wants_usage, mend=self._backend.event, make_error=self._errors.in_success)
        stream = UpstreamStream(reply, relay, settings.timeout_s, settings.stream_idle_timeout_s)
        await stream.open()
        return AdapterStream(stream.blocks(), stream.aclose, self._client_headers(reply))

    async def _not_a_stream(self, call: Call, reply: UpstreamResponse) -> AdapterStream:
        try:
            body = await _read_all(reply)
        except TransportError as error:
            raise transport_failure(error, self._settings.timeout_s) from None
        payload = self._require_success(reply, body)
        if not payload.get("choices"):
            raise upstream_unreadable()
        events = events_of(payload, wants_usage=call.wants_usage)
        return AdapterStream(_each(events), reply.aclose, self._client_headers(reply))

    def _client_headers(self, reply: UpstreamResponse) -> dict[str, str]:
        passed = response_headers(self._backend.incoming_headers(reply.headers))
        return {name: self._redactor.text(value) for name, value in passed.items()}


async def _each(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


async def _read_all(reply: UpstreamResponse) -> bytes:
    with Waiting():
        return b"".join([chunk async for chunk in reply.chunks()])


def _json(body: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object.

    Raises:
        ProxyError: 502, if it is none.
    """
    try:
        payload = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise upstream_unreadable() from None
    if not isinstance(payload, dict):
        raise upstream_unreadable()
    return payload
