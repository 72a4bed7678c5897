"""Fields that vary between recordings (ids, times, ports); each is replaced by the name of its kind."""

from __future__ import annotations

import re

_TIMES = frozenset({"created", "created_at", "expires_at"})
_IDS = frozenset({"id", "system_fingerprint", "request_id", "call_id", "tool_call_id", "trace_id"})

VOLATILE_HEADERS = frozenset(
    {
        "date",
        "age",
        "etag",
        "content-length",
        "x-request-id",
        "x-litellm-call-id",
        "x-litellm-model-id",
        "x-litellm-version",
        "x-litellm-response-duration-ms",
        "x-litellm-overhead-duration-ms",
        "x-litellm-callback-duration-ms",
        "x-litellm-timing-llm-api-ms",
        "x-litellm-timing-message-copy-ms",
        "x-litellm-timing-post-processing-ms",
        "x-litellm-timing-pre-processing-ms",
        "openai-processing-ms",
        "llm_provider-date",
        "llm_provider-content-length",
        "llm_provider-x-request-id",
        "llm_provider-openai-processing-ms",
    }
)
"""Headers of which only the presence is compared."""

_IN_TEXT = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b(chatcmpl|resp|msg|call|req|embd|cmpl)[-_][A-Za-z0-9_-]{8,}"), r"\1-<id>"),
    (re.compile(r"\b[0-9a-f]{24,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r'(\\*"created\\*": ?)\d{9,}'), r"\1<time>"),
    (re.compile(r"(?<=\btime taken=)\d+(\.\d+)?"), "<seconds>"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}\b|(?<=localhost:)\d{2,5}\b"), "<port>"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b", re.IGNORECASE), "<address>"),
    (re.compile(r'(?<=File ")[^"]*/(?=[^/"]+")|(?<=", line )\d+'), "…"),
)


def of_field(path: str, value: object) -> object:
    """A JSON leaf without what varies; `path` as `flatten` writes it."""
    name = path.rpartition(".")[2]
    if name in _TIMES and isinstance(value, int | float):
        return "<time>"
    if name in _IDS and isinstance(value, str) and value:
        return "<id>"
    return of_text(value) if isinstance(value, str) else value


def of_header(name: str, value: str) -> str:
    """A header's value without what varies."""
    return "<varies>" if name.lower() in VOLATILE_HEADERS else of_text(value)


def of_text(text: str) -> str:
    """A text without what varies."""
    for pattern, kind in _IN_TEXT:
        text = pattern.sub(kind, text)
    return text
