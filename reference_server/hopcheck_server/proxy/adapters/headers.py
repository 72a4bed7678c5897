"""Which header fields may pass, in each direction. Everything that isn't named here stays where it was."""

from __future__ import annotations

import re
from collections.abc import Mapping

# 00-<trace id>-<parent id>-<flags>, and neither id all zeros (W3C Trace Context, 3.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_TRACESTATE_MAX = 512

RESPONSE_FIELDS = frozenset({"retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms"})
RESPONSE_PREFIXES = ("x-ratelimit-",)


def trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The W3C trace context of a request, if it is valid; an invalid one must not be passed on."""
    traceparent = headers.get("traceparent", "")
    if not _TRACEPARENT.match(traceparent):
        return {}
    tracestate = headers.get("tracestate", "")
    if not tracestate or len(tracestate) > _TRACESTATE_MAX:
        return {"traceparent": traceparent}
    return {"traceparent": traceparent, "tracestate": tracestate}


def response_headers(upstream: Mapping[str, str]) -> dict[str, str]:
    """What of an upstream's header the client gets: when to come again, and how much is left."""
    return {
        name: value for name, value in upstream.items() if name in RESPONSE_FIELDS or name.startswith(RESPONSE_PREFIXES)
    }
