"""Comments before a stream, and bodies that end properly before their response does, in every dialect."""

from __future__ import annotations

import pytest

from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback.schedule import plan
from hopcheck_server.upstream.responder import Responder
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import find_script, script_name
from hopcheck_server.upstream.script.turns import Turn

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:streamGenerateContent?alt=sse",
    "ollama": "/api/chat",
}
BODY = (
    b'{"model":"m","max_tokens":9,"stream":true,"contents":[{}],'
    b'"messages":[{"role":"user","content":"hopcheck:own~~chat.stream:n1"}]}'
)


def sent(path: str, turn: Turn) -> tuple[bytes, str]:
    """The bytes of a stream, and how it ends."""
    responder = Responder({script_name("own"): reply.script_of(turn)}, Journal())
    arrival = Arrival("POST", path, [], BODY)
    arrival.marker, arrival.script = find_script(BODY)
    rendered, delivery = responder.respond(arrival)
    schedule = plan(rendered.pieces, delivery)
    return b"".join(data for data, _, _ in schedule.segments), schedule.end


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_body_ends_properly_after_some_events(path: str) -> None:
    body, end = sent(path, reply.stream("Hel", "lo", end_after_events=2))
    assert end == "whole"
    assert b"Hel" in body
    assert b'"lo"' not in body


@pytest.mark.parametrize("name", ["openai_chat", "anthropic", "gemini"])
def test_a_stream_begins_with_a_comment(name: str) -> None:
    body, _ = sent(PATHS[name], reply.stream("Hel", "lo", comment=True))
    assert body.startswith(b": keep-alive\n\n")
    assert b'"lo"' in body


def test_a_comment_counts_as_no_event() -> None:
    body, _ = sent(PATHS["gemini"], reply.stream("Hel", "lo", comment=True, end_after_events=2))
    assert b"Hel" in body
    assert b'"lo"' not in body


def test_json_lines_have_no_comments() -> None:
    assert all_dialects()["ollama"].obstacle(reply.stream("Hi", comment=True)) == "Ollama's streams have no comments"
