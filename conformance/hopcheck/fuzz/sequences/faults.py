"""Faults of the provider in sequence tests, by the name that a failure's steps give them."""

from __future__ import annotations

from collections.abc import Mapping

from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

FAILURES: Mapping[str, Turn] = {
    "a 400": reply.status(400),
    "a 500": reply.status(500),
    "a web page": reply.html(502),
    "half a JSON object": reply.raw(200, '{"id": "chatcmpl-1", "choices": [', "application/json"),
}
"""Answers of a failing provider."""

BREAKS: Mapping[str, Turn] = {
    "a stream that breaks off": reply.stream("Hel", "lo", cut_after_events=2),
    "a stream with an error": reply.events(reply.delta(role="assistant", content="Hel"), {"error": {"message": "No."}}),
    "a stream with garbage": reply.events(reply.delta(role="assistant", content="Hel"), "data: {half\n\n"),
}
"""Streams of a failing provider."""

LIMITED: Mapping[str, Turn] = {"a 429": reply.status(429, headers={"Retry-After": "0"})}
"""The answer of a provider whose rate limit is exceeded."""

FAULTS: Mapping[str, Turn] = {**FAILURES, **BREAKS, **LIMITED}

HUNG = reply.hang("events", after=2)
"""A stream that stops after its first events, and stays open."""

SILENT = reply.hang("headers")
"""No response at all, on a connection that stays open."""
