"""The adapter to LiteLLM or to a provider: it passes bytes in both directions, and errors with a real status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck_contracts.bounded_json import has_more_values
from hopcheck_server.proxy.adapters.backends import Backend
from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.headers import credential, response_headers
from hopcheck_server.proxy.adapters.model_list import (
    ModelList,
    find_model,
    listing_as_info,
    llm_models,
    llm_models_response,
)
from hopcheck_server.proxy.adapters.streams.chat_relay import chat_error_event
from hopcheck_server.proxy.adapters.streams.relays import relay_for
from hopcheck_server.proxy.adapters.streams.synthesis import events_of
from hopcheck_server.proxy.adapters.streams.upstream_stream import UpstreamStream
from hopcheck_server.proxy.adapters.transports.base import (
    Method,
    TimedOut,
    Transport,
    TransportError,
    UpstreamResponse,
)
from hopcheck_server.proxy.adapters.upstream_errors import ErrorMapper, transport_failure
from hopcheck_server.proxy.errors import ProxyError, model_not_found, upstream_too_large, upstream_unreadable
from hopcheck_server.proxy.json_text import encode, parse
from hopcheck_server.proxy.memory.budget import held_now
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.proxy.settings import Settings
from hopcheck_server.proxy.surfaces.surface import CHAT
from hopcheck_server.proxy.telemetry.notes import Waiting

LIST_TIMEOUT_S = 5.0
"""Chats wait for the list of models, so a slow list counts as none."""


class UpstreamAdapter(BaseLLMAdapter):
    """Sends requests to one upstream through one transport, each once.

    Args:
        settings: Timeouts, and whether models are checked.
        transport: Carries the bytes.
        backend: What is particular about this upstream.
        redactor: Masks keys in errors and headers.
        api_key: This proxy's own key for the upstream; "" for none.
    """

    def __init__(
        self, settings: Settings, transport: Transport, backend: Backend, redactor: Redactor, api_key: str
    ) -> None:
        self._settings = settings
        self._api_key = api_key
        self._transport = transport
        self._backend = backend
        self._redactor = redactor
        self._errors = ErrorMapper(backend, self._redactor)
        self._list = ModelList(self._fetch_model_ids, settings.models_ttl_s)

    async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
        """Relay a call."""
        await self._check_model(call)
        return await (self._stream(call) if call.streams else self._relay(call))

    async def models(self, key: str | None = None) -> AdapterResponse:
        """Relay the upstream's list."""
        return await self._get("/v1/models", key)

    async def model(self, model_id: str, key: str | None = None) -> AdapterResponse:
        """Find a model in the list: LiteLLM's own look-up misses ids with a slash, and has another error shape."""
        entry = find_model(json.loads((await self.models(key)).body), model_id)
        if entry is None:
            raise model_not_found(model_id)
        return AdapterResponse(encode(entry))

    async def llm_models(self, key: str | None = None) -> AdapterResponse:
        """Join the list with LiteLLM's model info."""
        listed = json.loads((await self.models(key)).body)
        info = listing_as_info(listed) if self._backend.lists_authoritatively else await self._model_info(key)
        return llm_models_response(llm_models(listed, info))

    async def check_ready(self) -> None:
        """Ask LiteLLM whether it is alive, which causes no provider call; a provider is not asked."""
        if self._backend.lists_authoritatively:
            return
        limit_s = self._settings.health_timeout_s
        # With the key, though LiteLLM needs none here: what stands in front of it may.
        response, body = await self._fetch("GET", "/health/liveliness", None, credential(CHAT, self._api_key), limit_s)
        if response.status != 200:
            raise self._errors.response(response.status, response.headers, body)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def _check_model(self, call: Call) -> None:
        """Refuse a model that isn't on the list, where the list is complete."""
        if not (self._settings.check_models and self._backend.lists_authoritatively):
            return
        if call.model is not None and not await self._list.may_serve(call.model):
            raise model_not_found(call.model)

    async def _fetch_model_ids(self) -> frozenset[str]:
        listed = json.loads((await self._get("/v1/models", limit_s=LIST_TIMEOUT_S)).body)
        return frozenset(str(entry["id"]) for entry in listed["data"])

    async def _model_info(self, key: str | None) -> dict[str, Any]:
        try:
            info: dict[str, Any] = json.loads((await self._get("/v1/model/info", key)).body)
        except ProxyError:
            return {}
        return info

    async def _relay(self, call: Call) -> AdapterResponse:
        raw, headers = self._outgoing(call)
        return await self._exchange(call, raw, headers, self._settings.timeout_s)

    def _outgoing(self, call: Call) -> tuple[bytes | None, Mapping[str, str]]:
        raw, headers = self._backend.outgoing(call)
        return raw, {**headers, **credential(call.surface, self._api_key if call.key is None else call.key)}

    async def _get(self, path: str, key: str | None = None, limit_s: float | None = None) -> AdapterResponse:
        call = Call(CHAT, path, None, {}, {}, key, "GET")
        headers = credential(CHAT, self._api_key if key is None else key)
        answer = await self._exchange(call, None, headers, limit_s or self._settings.timeout_s)
        if not isinstance(_json(answer.body, self._settings.max_json_values).get("data"), list):
            raise upstream_unreadable()
        return answer

    async def _exchange(
        self, call: Call, raw: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> AdapterResponse:
        """Send one request and read its complete response, which must be a JSON object."""
        response, body = await self._fetch(call.method, call.path, raw, headers, limit_s)
        fixed = self._backend.response(self._require_success(response, body))
        return AdapterResponse(body if fixed is None else encode(fixed), self._client_headers(response))

    async def _fetch(
        self, method: Method, path: str, raw: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> tuple[UpstreamResponse, bytes]:
        """Send one request and read its complete response, of any status, within `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                response = await self._transport.send(method, path, raw, headers, limit_s)
                try:
                    return response, await self._read_all(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise transport_failure(TimedOut(), limit_s) from None
        except TransportError as error:
            raise transport_failure(error, limit_s) from None

    def _require_success(self, response: UpstreamResponse, body: bytes) -> dict[str, Any]:
        """Return the JSON of a success; raise a ProxyError for anything else."""
        if response.status != 200:
            raise self._errors.response(response.status, response.headers, body)
        payload = _json(body, self._settings.max_json_values)
        if payload.get("error") and not _is_answer(payload):
            raise self._errors.in_success(payload["error"])
        return payload

    async def _stream(self, call: Call) -> AdapterStream:
        response = await self._head(call)
        try:
            return await self._stream_answer(call, response)
        except BaseException:
            await response.aclose()
            raise

    async def _head(self, call: Call) -> UpstreamResponse:
        limit_s = self._settings.timeout_s
        raw, headers = self._outgoing(call)
        try:
            return await self._transport.send(call.method, call.path, raw, headers, limit_s)
        except TransportError as error:
            raise transport_failure(error, limit_s) from None

    async def _stream_answer(self, call: Call, response: UpstreamResponse) -> AdapterStream:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status != 200 or media_type in ("application/json", "text/html"):
            return await self._not_a_stream(call, response)
        limit = self._settings.max_response_bytes
        relay = relay_for(call, self._backend.event, self._errors.in_success, limit)
        stream = UpstreamStream(response, relay, self._settings.timeout_s, self._settings.stream_idle_timeout_s)
        await stream.open()
        return AdapterStream(stream.blocks(), relay.in_band, stream.aclose, self._client_headers(response))

    async def _not_a_stream(self, call: Call, response: UpstreamResponse) -> AdapterStream:
        try:
            body = await self._read_all(response)
        except TransportError as error:
            raise transport_failure(error, self._settings.timeout_s) from None
        payload = self._require_success(response, body)
        if not payload.get("choices"):
            raise upstream_unreadable()
        events = events_of(payload, wants_usage=call.wants_usage)
        return AdapterStream(_each(events), chat_error_event, response.aclose, self._client_headers(response))

    async def _read_all(self, response: UpstreamResponse) -> bytes:
        body, limit = bytearray(), self._settings.max_response_bytes
        with Waiting():
            while chunk := await response.read(self._settings.timeout_s):
                if len(body) + len(chunk) > limit:
                    raise upstream_too_large(limit)
                await held_now().take(len(chunk))
                body += chunk
        return bytes(body)

    def _client_headers(self, response: UpstreamResponse) -> dict[str, str]:
        passed = response_headers(self._backend.incoming_headers(response.headers))
        return {name: self._redactor.text(value) for name, value in passed.items()}


def _is_answer(payload: Mapping[str, Any]) -> bool:
    """Whether an object with an error is an answer all the same: a chat, or a response that says how it failed."""
    return "choices" in payload or payload.get("object") == "response"


async def _each(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _json(body: bytes, max_values: int) -> dict[str, Any]:
    """Parse a body that must be a JSON object; one with more values, which would take much memory, isn't read.

    Raises:
        ProxyError: 502, if it isn't one, or is unread and may name an error.
    """
    if has_more_values(body, max_values):
        if b'"error"' not in body and body[:1] + body[-1:] == b"{}":
            return {}
        raise upstream_unreadable()
    try:
        payload = parse(body)
    except (ValueError, RecursionError):
        raise upstream_unreadable() from None
    if not isinstance(payload, dict):
        raise upstream_unreadable()
    return payload
