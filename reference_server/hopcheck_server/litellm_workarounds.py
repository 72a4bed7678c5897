"""Workarounds for faults of LiteLLM that the next hop can fix without guessing: one small function each.

Each says what LiteLLM does, which versions were seen doing it (in front of a scripted provider), and the case that
shows it. Faults that can't be fixed here are in LiteLLM's baseline.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

_PROVIDER_PREFIX = "llm_provider-"


def restore_provider_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the provider's Retry-After its own name again (`rate_limit.upstream-retry-after`).

    LiteLLM renames every provider header to `llm_provider-…` and passes only some under their own name; `retry-after`
    is not among them, so clients retry too early. Versions: 1.106.2, 1.109.1. The prefixed ones, like all of LiteLLM's
    own (`x-litellm-…`: api base, cost, spend), stay inside: nothing that isn't on the allow-list leaves
    (`auth.response-headers`).
    """
    prefixed = {name: value for name, value in headers.items() if name.startswith(_PROVIDER_PREFIX)}
    return {**{name.removeprefix(_PROVIDER_PREFIX): value for name, value in prefixed.items()}, **headers}


def drop_private_members(error: dict[str, Any]) -> dict[str, Any]:
    """Remove LiteLLM's own members of an error, and read its "None" as null (`errors.shape`).

    Versions: `provider_specific_fields` in 1.106.2 and 1.109.1; `"None"` as type or param up to 1.80.11 everywhere, in
    1.106.2 where the key is missing.
    """
    kept = {name: value for name, value in error.items() if name != "provider_specific_fields"}
    return {name: None if value == "None" else value for name, value in kept.items()}


def name_refused_key(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Recognise the 400 by which LiteLLM refuses *our* key when it has no database (`errors.upstream-auth`).

    `{"message":"No connected db.","type":"no_db_connection"}`; up to 1.60.8 it was a 401. Versions: 1.80.11 to 1.109.1.
    """
    return (401, error) if error.get("type") == "no_db_connection" else (status, error)


def name_unknown_model(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Turn "Invalid model name" from 400 into 404 `model_not_found` (`errors.unknown-model`).

    Versions: 1.53.9 to 1.109.1.
    """
    if status != 400 or "Invalid model name passed in model=" not in str(error.get("message")):
        return status, error
    found = re.search(r"Invalid model name passed in model=(.*?)\. Call ", str(error["message"]), re.DOTALL)
    name = found[1][:200] if found else ""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return 404, {"message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found"}


def name_slow_provider(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Turn the 408 that LiteLLM sends for a provider's silence into 504 (`timeout.ttfb`).

    408 means that the *client* was too slow to send its request, and the text shows how LiteLLM is configured.
    Versions: 1.106.2, 1.109.1.
    """
    if status != 408:
        return status, error
    message = "The provider didn't answer in time."
    return 504, {"message": message, "type": "server_error", "param": None, "code": "upstream_timeout"}


# What identifies an OpenAI code without doubt: LiteLLM's own classes, and OpenAI's own wording.
_CODES = (
    (re.compile(r"litellm\.ContextWindowExceededError"), "context_length_exceeded"),
    (re.compile(r"litellm\.ContentPolicyViolationError"), "content_policy_violation"),
    (re.compile(r"litellm\.NotFoundError.* - The model `[^`]*` does not exist"), "model_not_found"),
    (re.compile(r"litellm\.RateLimitError.* - You exceeded your current quota"), "insufficient_quota"),
    (re.compile(r"litellm\.RateLimitError.* - Rate limit reached for "), "rate_limit_exceeded"),
    (
        re.compile(r"litellm\.RateLimitError: (Model rate limit exceeded|Deployment has all max_p)"),
        "rate_limit_exceeded",
    ),
)


def restore_code(status: int, error: dict[str, Any]) -> dict[str, Any]:
    """Replace the status by OpenAI's code, where LiteLLM's text still shows it (`errors.message-useful`).

    LiteLLM's `code` is always the HTTP status as a string; the provider's code is lost. Versions: 1.53.9 to 1.109.1.
    """
    if str(error.get("code")) != str(status):
        return error
    message = str(error.get("message"))
    code = next((code for pattern, code in _CODES if pattern.search(message)), None)
    return {**error, "code": code} if code else error


def restore_param(error: dict[str, Any]) -> dict[str, Any]:
    """Name the messages as what is too long (`errors.message-useful`).

    For this one class of errors LiteLLM loses `param`; OpenAI's is always the same, and its text names it.
    Versions: 1.106.2.
    """
    lost = error.get("code") == "context_length_exceeded" and error.get("param") is None
    return {**error, "param": "messages"} if lost and "messages" in str(error.get("message")) else error


_WRAPPING = re.compile(r"\A(?:litellm\.\w+: )+(?:\w+: )*?\w+(?:Exception|Error)(?: \w+Error)? - ")
_APPENDED = re.compile(
    r"\n\nLiteLLM: model group '|\nmodel=\S*\. con\w+_fallbacks?=|\nReceived Model Group=| LiteLLM Retried: "
)


def restore_message(error: dict[str, Any]) -> dict[str, Any]:
    """Remove what LiteLLM puts around the provider's message (`errors.message-useful`, `fallback.all-fail`).

    In front: `litellm.RateLimitError: RateLimitError: OpenAIException - `; behind: the name of the model group, the
    fallbacks that are configured, the retries that were made. Versions: 1.106.2; other releases append other lines.
    """
    message = error.get("message")
    if not isinstance(message, str):
        return error
    return {**error, "message": _WRAPPING.sub("", _APPENDED.split(message, maxsplit=1)[0])}


_BYTES = re.compile(r"b'.*'|b\".*\"", re.DOTALL)


def restore_bytes(error: dict[str, Any]) -> dict[str, Any]:
    """Read the provider's body where LiteLLM quotes it as Python writes bytes (`errors.message-useful`).

    Before a stream of Anthropic's or Gemini's the message is `b'{"error": …}'`, with escapes in its words. Versions:
    1.106.2.
    """
    message = error.get("message")
    if not isinstance(message, str) or not _BYTES.fullmatch(message):
        return error
    try:
        return {**error, "message": ast.literal_eval(message).decode()}
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return error


_STATUS_BY_TYPE = {"overloaded_error": 529, "request_too_large": 413}


def restore_status(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Give two of Anthropic's errors their status (`translation.overloaded`, `translation.too-large`).

    LiteLLM answers them with 500 and 400, and quotes the body, whose type says what they are. Versions: 1.106.2.
    """
    kind = str(error.get("type"))
    found = _STATUS_BY_TYPE.get(kind) if status in (400, 500) else None
    return (found, {**error, "code": kind}) if found else (status, error)


def restore_quoted_error(error: dict[str, Any]) -> dict[str, Any]:
    """Read the provider's error where LiteLLM sends the whole of it as the text of its own (`errors.message-useful`).

    On /v1/responses the message is its JSON, `{"error": {"code": "context_length_exceeded", …}}`, with the status
    as the code: Codex doesn't know then that the conversation is too long. Versions: 1.106.2.
    """
    try:
        quoted = json.loads(str(error.get("message")))["error"]
        quoted = {"message": quoted} if isinstance(quoted, str) else quoted  # as Ollama has it
        message = quoted["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return error
    if not isinstance(message, str):
        return error
    given = {name: quoted[name] for name in ("type", "param", "code") if isinstance(quoted.get(name), str)}
    return {**error, **given, "message": message}


def restore_refusal(response: dict[str, Any]) -> dict[str, Any] | None:
    """Put a message's `refusal` back from where LiteLLM has moved it (`chat.refusal-annotations`).

    1.106.2 answers `"message":{…,"provider_specific_fields":{"refusal":null}}`. The moved member stays where it is:
    clients who know LiteLLM look for others of its kind there. Versions: 1.106.2.
    """
    messages = [choice.get("message") for choice in _choices(response)]
    moved = [message for message in messages if isinstance(message, dict) and _has_moved_refusal(message)]
    for message in moved:
        message["refusal"] = message["provider_specific_fields"]["refusal"]
    return response if moved else None


def _has_moved_refusal(message: dict[str, Any]) -> bool:
    fields = message.get("provider_specific_fields")
    return isinstance(fields, dict) and "refusal" in fields and "refusal" not in message


def _choices(payload: dict[str, Any]) -> list[dict[str, Any]]:
    choices = payload.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def restore_open_finish(event: dict[str, Any]) -> dict[str, Any] | None:
    """Give choices that aren't finished the `finish_reason: null` that is required (`stream.chunk-schema`).

    LiteLLM leaves null members out of a stream's chunks, this required one included. Versions: 1.106.2.
    """
    is_changed = False
    for choice in _choices(event):
        if "finish_reason" not in choice:
            choice["finish_reason"], is_changed = None, True
    return event if is_changed else None


def empty_usage_choices(event: dict[str, Any]) -> dict[str, Any] | None:
    """Give the usage chunk the empty `choices` that is required (`stream.usage-chunk`).

    LiteLLM sends `choices:[{"index":0,"delta":{}}]`, which makes strict clients see a further, empty choice.
    Versions: 1.53.9 to 1.106.2; fixed in 1.109.1.
    """
    if not event.get("usage") or event.get("choices") != [{"index": 0, "delta": {}}]:
        return None
    return {**event, "choices": []}


def fix_error(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Apply all workarounds of errors; those that read LiteLLM's text come before the one that removes it."""
    error = drop_private_members(error)
    status, error = name_refused_key(status, error)
    status, error = name_unknown_model(status, error)
    status, error = name_slow_provider(status, error)
    error = restore_code(status, error)
    error = restore_quoted_error(restore_bytes(restore_message(error)))
    return restore_status(status, restore_param(error))


def fix_event(event: dict[str, Any]) -> dict[str, Any] | None:
    """Apply all workarounds of a stream's events; None if the event needs none."""
    return empty_usage_choices(event) or restore_open_finish(event)


def named_status(error: Mapping[str, Any]) -> int:
    """The status that an error inside a 200 names, or 502."""
    for name in ("status", "code"):
        value = error.get(name)
        number = int(value) if isinstance(value, (int, str)) and str(value).isdecimal() else 0
        if 400 <= number <= 599:
            return number
    named = (_STATUS_OF.get(str(error.get(name))) for name in ("type", "code"))
    return next(filter(None, named), 502)


_STATUS_OF = {"rate_limit_error": 429, "rate_limit_exceeded": 429, "timeout_error": 504, "overloaded_error": 529}
"""The types and codes that say no more and no less than a status."""
