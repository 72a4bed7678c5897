"""The fields of a request that this proxy relies on, and the types of common ones. The upstream checks all others.

Each function refuses a body by a ProxyError (400).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck_server.proxy.errors import bad_request

INPUT_ELSEWHERE = ("prompt", "previous_response_id", "conversation")
"""What a request for a response may refer to, and then needs no input of its own."""

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
    "max_output_tokens": ((int,), "an integer"),
    "top_logprobs": ((int,), "an integer"),
    "seed": ((int,), "an integer"),
    "logprobs": ((bool,), "a boolean"),
    "tools": ((list,), "an array"),
}


def check_chat(body: dict[str, Any]) -> None:
    """Check a chat request."""
    _check_types(body)
    _check_messages(body)


def check_message(body: dict[str, Any]) -> None:
    """Check a request for a message, which has to bound its tokens."""
    _check_types(body)
    _check_messages(body)
    limit = body.get("max_tokens")
    if limit is None:
        raise bad_request("Missing required parameter: 'max_tokens'.", "max_tokens", "missing_required_parameter")
    if limit < 0:
        raise bad_request("'max_tokens' must not be negative.", "max_tokens", "invalid_value")


def check_token_count(body: dict[str, Any]) -> None:
    """Check a request for a count of tokens."""
    _check_messages(body)


def check_response(body: dict[str, Any]) -> None:
    """Check a request for a response."""
    _check_types(body)
    given = body.get("input", "")
    if not isinstance(given, (str, list)):
        raise bad_request("'input' must be a string or an array.", "input", "invalid_type")
    if not given and not any(body.get(name) for name in INPUT_ELSEWHERE):
        raise bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if isinstance(given, list):
        _check_objects("input", given)


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
    _check_objects("messages", messages)


def _check_objects(name: str, items: list[Any]) -> None:
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise bad_request(f"'{name}[{index}]' must be an object.", f"{name}[{index}]", "invalid_type")


def check_embeddings(body: dict[str, Any]) -> None:
    """Check an embeddings request."""
    value = body.get("input")
    if value is None:
        raise bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if not isinstance(value, (str, list)):
        raise bad_request("'input' must be a string or an array.", "input", "invalid_type")
    if not value:
        raise bad_request("'input' must not be empty.", "input", "invalid_value")
