"""The header fields that may pass, in each direction. All others are dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hopcheck_server.proxy.surfaces.surface import API_KEY, ClientSurface

# 00-<trace id>-<parent id>-<flags>, and neither id all zeros (W3C Trace Context, 3.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_TRACESTATE_MAX = 512

RESPONSE_FIELDS = frozenset({"retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms", "request-id"})
RESPONSE_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")


def credential(surface: ClientSurface, key: str) -> dict[str, str]:
    """Return the header field in which an upstream expects a key; none without a key."""
    if not key:
        return {}
    return {API_KEY: key} if surface.has_key_header else {"Authorization": f"Bearer {key}"}


def trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the W3C trace context of a request, if it is valid; an invalid one must not be passed on."""
    traceparent = headers.get("traceparent", "")
    if not _TRACEPARENT.match(traceparent):
        return {}
    tracestate = headers.get("tracestate", "")
    if not tracestate or len(tracestate) > _TRACESTATE_MAX:
        return {"traceparent": traceparent}
    return {"traceparent": traceparent, "tracestate": tracestate}


def response_headers(upstream: Mapping[str, str]) -> dict[str, str]:
    """Return the upstream's header fields that the client gets: when to retry, and what is left of its limits."""
    return {
        name: value for name, value in upstream.items() if name in RESPONSE_FIELDS or name.startswith(RESPONSE_PREFIXES)
    }
