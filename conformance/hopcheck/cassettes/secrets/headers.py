"""The header fields that cassettes keep, in each direction. All others are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hopcheck.cassettes.journal_entry import Pairs

REQUEST = frozenset(
    [
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "openai-beta",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "x-litellm-num-retries",
        "x-litellm-tags",
        "x-litellm-timeout",
        "x-request-id",
    ]
)
"""Of requests; authorization, cookies and host are not among them."""

JOURNAL = REQUEST | {"cookie"}
"""Of requests that the scripted provider received: it gets no other cookies than those that its scripts set."""

RESPONSE = frozenset(
    [
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "server",
        "server-timing",
        "transfer-encoding",
        "vary",
        "www-authenticate",
        "x-accel-buffering",
        "x-litellm-attempted-fallbacks",
        "x-litellm-attempted-retries",
        "x-litellm-cache-key",
        "x-litellm-call-id",
        "x-litellm-key-max-budget",
        "x-litellm-key-rpm-limit",
        "x-litellm-key-spend",
        "x-litellm-key-tpm-limit",
        "x-litellm-max-fallbacks",
        "x-litellm-max-retries",
        "x-litellm-model-api-base",
        "x-litellm-model-group",
        "x-litellm-model-id",
        "x-litellm-model-region",
        "x-litellm-overhead-duration-ms",
        "x-litellm-response-cost",
        "x-litellm-response-duration-ms",
        "x-litellm-timeout",
        "x-litellm-version",
        "x-request-id",
        "x-should-retry",
    ]
)
"""Of responses; set-cookie, date and names of accounts are not among them."""

PREFIXES = ("x-ratelimit-",)
"""Prefixes of further header fields that are kept."""

PROVIDERS = "llm_provider-"
"""LiteLLM hands on its provider's header fields with this before their names."""


CREDENTIALS = frozenset(
    ["authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "x-litellm-api-key", "cookie"]
)
"""Of requests: their values are secrets, wherever they occur."""

_SHORTEST = 8


def credentials(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The secrets that a request's header fields hold."""
    held = [value for name, value in headers if name.lower() in CREDENTIALS]
    parts = [part for value in held for part in re.split(r"[\s;,]+|(?<=[A-Za-z])=", value)]
    return [part for part in (*held, *parts) if len(part) >= _SHORTEST]


def kept(headers: Iterable[tuple[str, str]], allowed: frozenset[str]) -> Pairs:
    """The header fields that are kept, in their order."""
    return tuple((name, value) for name, value in headers if is_kept(name.lower(), allowed))


def is_kept(name: str, allowed: frozenset[str]) -> bool:
    """Whether a header field of that name (in lower case) is kept."""
    own = name.removeprefix(PROVIDERS)
    return own in allowed or own.startswith(PREFIXES)
