"""Reads a client's request body, and refuses invalid ones before anything is sent upstream.

It checks the fields that this proxy itself relies on, and the types of common ones. The upstream checks all others.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import quote, urlencode

from pydantic_core import from_json

from hopcheck_contracts.bounded_json import commas_and_brackets, has_more_values
from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.headers import trace_headers
from hopcheck_server.proxy.adapters.transports.base import Method
from hopcheck_server.proxy.client_keys import Client
from hopcheck_server.proxy.errors import ClientDisconnected, ProxyError, bad_request
from hopcheck_server.proxy.json_text import insert_member, members_named, replace_member
from hopcheck_server.proxy.memory.body_limit import declared_length
from hopcheck_server.proxy.memory.budget import held_now
from hopcheck_server.proxy.memory.parsed_size import most_parsed_bytes, parsed_bytes
from hopcheck_server.proxy.settings import Settings
from hopcheck_server.proxy.surfaces.request_fields import (
    check_chat,
    check_embeddings,
    check_message,
    check_response,
    check_token_count,
)
from hopcheck_server.proxy.surfaces.surface import CHAT, EMBEDDINGS, MESSAGES, RESPONSES, ClientSurface
from hopcheck_server.proxy.telemetry.notes import Waiting, current_notes

if TYPE_CHECKING:
    from starlette.requests import Request

Check = Callable[[dict[str, Any]], None]
"""Refuses a body by raising a ProxyError (400)."""

KEPT_FIELDS = frozenset({"model", "stream", "stream_options", "metadata"})
"""Of a parsed body, what is still read when the request has been checked: contents take memory."""


async def read_chat(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/chat/completions`. Raises ProxyError (400, 408, 413, 415) and ClientDisconnected."""
    return await _read(request, settings, CHAT, check_chat, settings.default_model)


async def read_embeddings(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/embeddings`. Raises as `read_chat` does."""
    return await _read(request, settings, EMBEDDINGS, check_embeddings, settings.default_embedding_model)


async def read_message(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/messages`. Raises as `read_chat` does."""
    return await _read(request, settings, MESSAGES, check_message, settings.default_model)


async def read_token_count(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/messages/count_tokens`. Raises as `read_chat` does."""
    return await _read(request, settings, MESSAGES, check_token_count, settings.default_model)


async def read_response(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/responses`. Raises as `read_chat` does."""
    return await _read(request, settings, RESPONSES, check_response, settings.default_model)


async def _read(
    request: Request, settings: Settings, surface: ClientSurface, check: Check, default: str | None
) -> Call:
    raw = await _read_body(request, settings)
    parsed = await _hold_parsed(raw, settings.max_held_bytes)
    body = _parse_object(raw)
    check(body)
    raw, body = _with_model(raw, body, default), _without_contents(body)
    held_now().free(parsed)
    current_notes().model = body["model"]
    streams = body.get("stream") is True
    path = upstream_path(request, surface)
    return Call(surface, path, raw, body, upstream_headers(request, surface), upstream_key_of(request), streams=streams)


def read_stored(request: Request, method: Method) -> Call:
    """Read a request about a stored response, which has no body."""
    headers, key = upstream_headers(request, RESPONSES), upstream_key_of(request)
    streams = request.query_params.get("stream") == "true"
    # A POST announces its body, also an empty one.
    raw = b"" if method == "POST" else None
    return Call(RESPONSES, upstream_path(request, RESPONSES), raw, {}, headers, key, method, streams)


def upstream_path(request: Request, surface: ClientSurface) -> str:
    """Return the path that is asked upstream, with those parameters of the query that the surface has."""
    path = quote(request.scope["path"])
    if not (surface.query and request.scope["query_string"]):
        return path
    given = [(name, value) for name, value in request.query_params.multi_items() if name in surface.query]
    return f"{path}?{urlencode(given)}" if given else path


def upstream_headers(request: Request, surface: ClientSurface) -> dict[str, str]:
    """Return the client's header fields that are sent upstream: its trace, its request id, and the surface's own."""
    trace = current_notes().trace or trace_headers(request.headers)
    own = {name: request.headers[name] for name in surface.headers if name in request.headers}
    return {**own, **trace, "x-request-id": request.state.request_id}


def upstream_key_of(request: Request) -> str | None:
    """Return the key that this client's requests are sent with; None for the proxy's own."""
    return cast("Client", request.state.client).upstream_key


def _with_model(raw: bytes, body: dict[str, Any], default_model: str | None) -> bytes:
    """Return the body with the default model where it names none."""
    if body.get("model") is None:
        if default_model is None:
            raise bad_request("you must provide a model parameter", "model", "missing_required_parameter")
        put = replace_member if "model" in body else insert_member
        raw = put(raw, "model", default_model)
        body["model"] = default_model
    if not isinstance(body["model"], str) or not body["model"]:
        raise bad_request("'model' must be a string that is not empty.", "model", "invalid_type")
    return raw


def _without_contents(body: dict[str, Any]) -> dict[str, Any]:
    """Keep what is still read, and of the rest the names: its values are sent as they came."""
    return {name: value if name in KEPT_FIELDS else None for name, value in body.items()}


async def _hold_parsed(raw: bytes, limit_bytes: int) -> int:
    """Hold what the body takes once it is parsed, and return it; most have room for the most that it could take."""
    held, parsed = held_now(), most_parsed_bytes(raw)
    if len(raw) + parsed > limit_bytes or not held.has_room(parsed):
        parsed = parsed_bytes(raw)
    if len(raw) + parsed > limit_bytes:
        raise ProxyError(413, "The request body takes too much memory once it is parsed.", "request_too_large")
    await held.take(parsed, briefly=True)
    return parsed


def _parse_object(raw: bytes) -> dict[str, Any]:
    try:
        body = _parse(raw)
    except json.JSONDecodeError as error:
        raise bad_request(f"The request body is not valid JSON: {error.msg} at character {error.pos}.") from None
    except (ValueError, RecursionError) as error:
        raise bad_request(f"The request body is not valid JSON: {_reason(error)}.") from None
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    if raw.count(b'"model"') > 1 and members_named(raw, "model") > 1:
        raise bad_request("'model' is given more than once.", "model", "duplicate_parameter")
    return body


def _parse(raw: bytes) -> Any:
    try:
        return from_json(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        # What it refuses is read again: for the reason, and because `json` reads lone surrogates and deep nesting.
        return json.loads(raw.decode(), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJSON(name)


class _NotJSON(ValueError):
    """NaN or an infinity, which Python parses and JSON doesn't have."""


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, _NotJSON):
        return f"{error} is not a JSON value"
    if isinstance(error, UnicodeDecodeError):
        return "it is not encoded in UTF-8"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it holds a number that is too long"


def _check_content_type(request: Request) -> None:
    """Refuse a body of another declared type; without a type it counts as JSON."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ProxyError(
            415, "The request body must be sent with 'Content-Type: application/json'.", "unsupported_media_type"
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ProxyError(415, "A compressed request body is not supported.", "unsupported_content_encoding")


async def _read_body(request: Request, settings: Settings) -> bytes:
    _check_content_type(request)
    limit_s = settings.body_timeout_s
    try:
        async with asyncio.timeout(limit_s):
            return await _Body(request, settings.max_json_values).read()
    except TimeoutError:
        sentence = f"The request body didn't arrive within {limit_s:g} s."
        # What is missing of the body would be expected before the next request on this connection.
        raise ProxyError(408, sentence, "request_timeout", headers={"connection": "close"}) from None


class _Body:
    """A body that is being read: of one with too many values, not much more is read than shows it."""

    def __init__(self, request: Request, max_values: int) -> None:
        self._request = request
        self._max_values = self._next_count = max_values
        self._commas_and_brackets = 0
        self._is_counted = False
        self._raw = io.BytesIO()  # gives its bytes without a copy of them

    async def read(self) -> bytes:
        held, announced = held_now(), declared_length(self._request.scope)
        await held.take(announced)
        more = True
        while more:
            chunk, more = await self._chunk()
            if not announced:
                await held.take(len(chunk))
            self._raw.write(chunk)
            if self._raw.tell() > self._max_values:  # each takes a byte at least
                self._check_values(chunk, is_last=not more)
        return self._raw.getvalue()

    async def _chunk(self) -> tuple[bytes, bool]:
        with Waiting(for_client=True):
            message = await self._request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        return message.get("body", b""), message.get("more_body", False)

    def _check_values(self, chunk: bytes, *, is_last: bool) -> None:
        """Look where there may be too many, and again where there is twice as much: commas of texts are no values."""
        self._commas_and_brackets += commas_and_brackets(chunk if self._is_counted else self._raw.getvalue())
        self._is_counted = True
        if self._commas_and_brackets <= (self._max_values if is_last else self._next_count):
            return
        if has_more_values(self._raw.getvalue(), self._max_values):
            raise ProxyError(413, "The request body holds too many JSON values.", "request_too_large")
        self._next_count = 2 * self._commas_and_brackets
