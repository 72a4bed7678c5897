"""What Ollama's contract accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from changed_documents import GONE, changed, example, found

from hopcheck_contracts.documents import document
from hopcheck_contracts.schemas import validate_raw_response

NAME = "upstream/ollama"
CLIENT = "ollama"

CALL = {"function": {"name": "look_up", "arguments": {"q": "x"}}}
LINE = {"model": "llama", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "x"}}


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("max_tokens", 9, []),  # unknown fields are ignored
        ("model", GONE, ["the body: model is missing"]),
        ("messages.0.role", "developer", 1),
        ("messages.0.content", [{"type": "text", "text": "x"}], 1),
        ("messages.0.images", ["data:image/png;base64,x"], 1),
        ("messages.0.images", ["https://example.com/a.png"], 1),
        ("messages.0.tool_calls", [CALL], []),
        ("messages.0.tool_calls", [{"function": {"name": "look_up", "arguments": '{"q":"x"}'}}], 1),
        ("options.stop", "END", 1),
        ("format", "json", []),
        ("format", {"type": "object"}, []),
        ("format", "text", 1),
        ("think", "low", []),
        ("think", "most", 1),
    ],
)
def test_requests(path: str, new: Any, violations: Any) -> None:
    seen = found(NAME, "ChatRequest", changed(example(NAME, "ChatRequest", 1), path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("line", "violations"),
    [
        ({**LINE, "done": False}, []),
        ({**LINE, "done": True, "done_reason": "stop", "total_duration": 5}, []),
        ({**LINE, "done": True, "total_duration": 5}, 1),
        ({**LINE, "done": True, "done_reason": "tool_calls", "total_duration": 5}, 1),
        (LINE, 1),
        ({**LINE, "done": False, "message": {"role": "assistant", "content": None}}, 1),
        ({**LINE, "done": False, "message": {"role": "assistant", "content": "", "tool_calls": [CALL]}}, []),
        ({"error": "The model failed."}, []),
        ({"error": {"message": "The model failed."}}, 1),
    ],
)
def test_lines(line: Any, violations: Any) -> None:
    seen = found(NAME, "StreamEvent", line)
    assert (len(seen) if isinstance(violations, int) else seen) == violations


def test_an_answer_is_json_or_lines() -> None:
    lines, events = [("content-type", "application/x-ndjson")], [("content-type", "text/event-stream")]
    assert validate_raw_response(NAME, "POST", "/api/chat", 200, lines, b"") == []
    assert validate_raw_response(NAME, "POST", "/api/chat", 200, events, b"") != []


@pytest.mark.parametrize("name", ["ChatResponse", "EmbedResponse"])
def test_the_client_reads_them(client_types: Any, name: str) -> None:
    for one in document(NAME)["components"]["schemas"][name]["examples"]:
        assert getattr(client_types, name).model_validate(one).model_dump(exclude_unset=True) == one
