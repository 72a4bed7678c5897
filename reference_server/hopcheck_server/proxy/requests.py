"""Reads a client's request body, and refuses invalid ones before anything is sent upstream.

It checks the fields that this proxy itself relies on, and the types of common ones. The upstream checks all others.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic_core import from_json

from hopcheck_contracts.bounded_json import has_more_values
from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.headers import trace_headers
from hopcheck_server.proxy.errors import ClientDisconnected, ProxyError, bad_request
from hopcheck_server.proxy.json_text import insert_member, members_named, replace_member
from hopcheck_server.proxy.settings import Settings
from hopcheck_server.proxy.telemetry.notes import Waiting, current_notes

if TYPE_CHECKING:
    from starlette.requests import Request

_NUMBER = (int, float)
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "stream": ((bool,), "a boolean"),
    "stream_options": ((dict,), "an object"),
    "temperature": (_NUMBER, "a number"),
    "top_p": (_NUMBER, "a number"),
    "presence_penalty": (_NUMBER, "a number"),
    "frequency_penalty": (_NUMBER, "a number"),
    "n": ((int,), "an integer"),
    "max_tokens": ((int,), "an integer"),
    "max_completion_tokens": ((int,), "an integer"),
    "top_logprobs": ((int,), "an integer"),
    "seed": ((int,), "an integer"),
    "logprobs": ((bool,), "a boolean"),
    "tools": ((list,), "an array"),
}


async def read_chat(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/chat/completions`. Raises ProxyError (400, 408, 413, 415) and ClientDisconnected."""
    raw, body = await _read_json(request, settings)
    _check_types(body)
    _check_messages(body)
    return _call(request, raw, body, settings.default_model)


async def read_embeddings(request: Request, settings: Settings) -> Call:
    """Read the body of `POST /v1/embeddings`. Raises as `read_chat` does."""
    raw, body = await _read_json(request, settings)
    _check_input(body)
    return _call(request, raw, body, settings.default_embedding_model)


def _call(request: Request, raw: bytes, body: dict[str, Any], default_model: str | None) -> Call:
    if body.get("model") is None:
        if default_model is None:
            raise bad_request("you must provide a model parameter", "model", "missing_required_parameter")
        put = replace_member if "model" in body else insert_member
        raw = put(raw, "model", default_model)
        body["model"] = default_model
    if not isinstance(body["model"], str) or not body["model"]:
        raise bad_request("'model' must be a string that is not empty.", "model", "invalid_type")
    notes = current_notes()
    notes.model = body["model"]
    trace = notes.trace or trace_headers(request.headers)
    headers = {**trace, "x-request-id": request.state.request_id}
    return Call(raw, body, headers, request.state.client.upstream_key)


async def _read_json(request: Request, settings: Settings) -> tuple[bytes, dict[str, Any]]:
    _check_content_type(request)
    raw = await _read_body(request, settings.body_timeout_s)
    if has_more_values(raw, settings.max_json_values):
        raise ProxyError(413, "The request body holds too many JSON values.", "request_too_large")
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
    return raw, body


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


async def _read_body(request: Request, limit_s: float) -> bytes:
    chunks = []
    try:
        async with asyncio.timeout(limit_s):
            more = True
            while more:
                with Waiting(for_client=True):
                    message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnected
                chunks.append(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        raise ProxyError(408, f"The request body didn't arrive within {limit_s:g} s.", "request_timeout") from None
    return b"".join(chunks)


def _check_types(body: dict[str, Any]) -> None:
    for name, (types, wanted) in _TYPES.items():
        value = body.get(name)
        if value is None:
            continue
        # In Python a bool is an int; in JSON it isn't.
        if not (isinstance(value, types) or _is_whole(value, types)) or (isinstance(value, bool) and bool not in types):
            raise bad_request(f"'{name}' must be {wanted}.", name, "invalid_type")


def _is_whole(value: Any, types: tuple[type, ...]) -> bool:
    """Whether it is an integer with a fraction of zero: 5.0 is the same number as 5."""
    return int in types and isinstance(value, float) and value.is_integer()


def _check_messages(body: dict[str, Any]) -> None:
    messages = body.get("messages")
    if messages is None:
        raise bad_request("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if not isinstance(messages, list):
        raise bad_request("'messages' must be an array.", "messages", "invalid_type")
    if not messages:
        raise bad_request("'messages' must hold at least one message.", "messages", "empty_array")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise bad_request(f"'messages[{index}]' must be an object.", f"messages[{index}]", "invalid_type")


def _check_input(body: dict[str, Any]) -> None:
    value = body.get("input")
    if value is None:
        raise bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if not isinstance(value, (str, list)):
        raise bad_request("'input' must be a string or an array.", "input", "invalid_type")
    if not value:
        raise bad_request("'input' must not be empty.", "input", "invalid_value")
