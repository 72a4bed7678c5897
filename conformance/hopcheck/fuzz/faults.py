"""What can be wrong with a provider in the course of a walk, by its name in a story."""

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
"""What a provider can have instead of an answer, by its name in a story."""

BREAKS: Mapping[str, Turn] = {
    "a stream that breaks off": reply.stream("Hel", "lo", cut_after_events=2),
    "a stream with an error": reply.events(reply.delta(role="assistant", content="Hel"), {"error": {"message": "No."}}),
    "a stream with garbage": reply.events(reply.delta(role="assistant", content="Hel"), "data: {half\n\n"),
}
"""What a provider's stream can turn out to be."""

LIMITED: Mapping[str, Turn] = {"a 429": reply.status(429, headers={"Retry-After": "0"})}
"""What a provider says whose own limit is used up."""

FAULTS: Mapping[str, Turn] = {**FAILURES, **BREAKS, **LIMITED}

HUNG = reply.hang("events", after=2)
"""A stream that begins, and goes no further."""

SILENT = reply.hang("headers")
"""No answer."""
