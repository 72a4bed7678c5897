"""What LiteLLM gets wrong and the next hop can put right without guessing: one small function each.

Each says what LiteLLM does, which versions were seen doing it (in front of a scripted provider), and the case that
shows it. What can't be mended here stands in LiteLLM's baseline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..json_text import insert_member
from .base import Call
from .control_fields import refuse_control_fields
from .headers import trace_headers

_PROVIDER_PREFIX = "llm_provider-"
_TRACE_FIELDS = ("traceparent", "tracestate")


def restore_provider_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the provider's Retry-After its own name again (`ratelimit.upstream-retry-after`).

    LiteLLM renames every provider header to `llm_provider-…` and passes only some under their own name; `retry-after`
    is not among them, so clients come back too early. Seen: 1.106.2, 1.109.1. The prefixed ones, like all of LiteLLM's
    own (`x-litellm-…`: api base, cost, spend), stay inside: nothing that isn't on the allow-list leaves
    (`auth.response-headers`).
    """
    own = {name.lower(): value for name, value in headers.items()}
    provider = {
        name.removeprefix(_PROVIDER_PREFIX): value for name, value in own.items() if name.startswith(_PROVIDER_PREFIX)
    }
    return {**provider, **own}


class LiteLLMMends:
    """`Backend` for LiteLLM."""

    # LiteLLM knows names that it doesn't list (hidden aliases, wildcards), and itself refuses unknown ones before any
    # provider call.
    lists_authoritatively = False

    def outgoing(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """The client's bytes without its control fields, plus what LiteLLM is told in fields of its own."""
        refuse_control_fields(call.body)
        return carry_trace_context(call.raw, call.headers), call.headers

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """See `restore_provider_headers`."""
        return restore_provider_headers(headers)

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """All mends of errors, in order."""
        error = drop_private_members(error)
        status, error = name_refused_key(status, error)
        status, error = name_unknown_model(status, error)
        status, error = name_slow_provider(status, error)
        return status, restore_code(status, error)

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """See `empty_usage_choices`."""
        return empty_usage_choices(event)


def carry_trace_context(raw: bytes, headers: Mapping[str, str]) -> bytes:
    """Hand `traceparent` to LiteLLM in the body field that it turns into headers (`http.traceparent`).

    LiteLLM passes none of a client's headers to the provider, but those in `extra_headers` of the body. Clients may not
    use that field, so there is never a second one. Seen: 1.106.2, 1.109.1.
    """
    trace = {name: headers[name] for name in _TRACE_FIELDS if name in headers}
    return insert_member(raw, "extra_headers", trace) if trace_headers(trace) else raw


def drop_private_members(error: dict[str, Any]) -> dict[str, Any]:
    """Keep LiteLLM's own members of an error object inside (`error.shape`)."""
    return {name: value for name, value in error.items() if name != "provider_specific_fields"}


def name_refused_key(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Recognise the 400 by which LiteLLM refuses *our* key when it has no database (`error.upstream-auth`).

    `{"message":"No connected db.","type":"no_db_connection"}`; up to 1.60.8 it was a 401. Seen: 1.80.11 to 1.109.1.
    """
    return (401, error) if error.get("type") == "no_db_connection" else (status, error)


def name_unknown_model(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Turn "Invalid model name" from 400 into 404 `model_not_found` (`error.unknown-model`).

    Seen: 1.53.9 to 1.109.1.
    """
    if status != 400 or "Invalid model name passed in model=" not in str(error.get("message")):
        return status, error
    found = re.search(r"Invalid model name passed in model=(.*?)\. Call ", str(error["message"]), re.DOTALL)
    name = found[1][:200] if found else ""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return 404, {"message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found"}


def name_slow_provider(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Turn the 408 that LiteLLM sends for a provider's silence into 504 (`timeout.ttfb`).

    408 says that the *client* was too slow to send its request. Seen: 1.106.2, 1.109.1.
    """
    if status != 408:
        return status, error
    return 504, {**error, "type": "server_error", "code": "upstream_timeout"}


_CODES = (("litellm.ContextWindowExceededError", "context_length_exceeded"),)


def restore_code(status: int, error: dict[str, Any]) -> dict[str, Any]:
    """Put OpenAI's code in the place of the status, where LiteLLM's text still tells it (`error.message-useful`).

    LiteLLM's `code` is the HTTP status as a string, always; the provider's own code is lost. Seen: 1.53.9 to 1.109.1.
    """
    if str(error.get("code")) != str(status):
        return error
    message = str(error.get("message"))
    code = next((code for text, code in _CODES if text in message), None)
    return {**error, "code": code} if code else error


def empty_usage_choices(event: dict[str, Any]) -> dict[str, Any] | None:
    """Give the usage chunk the empty `choices` that it is owed (`stream.usage-chunk`).

    LiteLLM sends `choices:[{"index":0,"delta":{}}]`, which makes strict clients see a further, empty choice.
    Seen: 1.53.9 to 1.106.2; mended in 1.109.1.
    """
    if not event.get("usage") or event.get("choices") != [{"index": 0, "delta": {}}]:
        return None
    return {**event, "choices": []}
