"""What hopcheck's own parts on the wire cost: event-stream parser, marker look-up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck_contracts.sse import EventParser
from hopcheck_server.upstream.script.marker import Marker

CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1767225600,
    "model": "fake-model",
    "choices": [{"index": 0, "delta": {"content": "Hello"}, "logprobs": None, "finish_reason": None}],
}
STREAM = f"data: {json.dumps(CHUNK)}\n\n".encode() * 100 + b"data: [DONE]\n\n"
READS = {"one read": len(STREAM), "1460 bytes a read": 1460, "one byte a read": 1}

MARKER = "hopcheck:chat.schema~~chat:1a2b"


def body(words: int, text: str) -> bytes:
    """A request with an earlier message of that many words, and the text in its last."""
    messages = [{"role": "system", "content": "word " * words}, {"role": "user", "content": text}]
    return json.dumps({"model": "fake-model", "messages": messages}).encode()


BODIES = {
    "short, marked": (body(10, MARKER), MARKER),
    "short, unmarked": (body(10, "Hello"), ""),
    "100k words, marked": (body(100_000, MARKER), MARKER),
    "100k words, unmarked": (body(100_000, "Hello"), ""),
    "8k tokens, unmarked": (json.dumps({"model": "m", "input": list(range(100_000, 108_000))}).encode(), ""),
}


@pytest.mark.parametrize("reads", READS)
def test_a_hundred_events(benchmark: Any, reads: str) -> None:
    step = READS[reads]
    pieces = [STREAM[at : at + step] for at in range(0, len(STREAM), step)]

    def parse() -> int:
        parser = EventParser()
        return sum(len(parser.feed(piece)) for piece in pieces)

    assert benchmark(parse) == 101


@pytest.mark.parametrize("kind", BODIES)
def test_marker_look_up(benchmark: Any, kind: str) -> None:
    raw, found = BODIES[kind]
    assert str(benchmark(Marker.find, raw) or "") == found
