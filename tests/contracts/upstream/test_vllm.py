"""What vLLM's contract accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from changed_documents import changed, example, found

NAME = "upstream/vllm"


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("temperature", 0.5, []),
        ("top_k", -1, []),
        ("top_k", "all", 1),
        ("stop_token_ids", ["END"], 1),
        ("messages", [], ["messages: is empty"]),
    ],
)
def test_requests(path: str, new: Any, violations: Any) -> None:
    seen = found(NAME, "ChatRequest", changed(example(NAME, "ChatRequest"), path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("choices.0.stop_reason", "END", []),
        ("choices.0.stop_reason", None, []),
        ("choices.0.stop_reason", 1.5, 1),
        ("choices.0.message.reasoning", ["Let me see."], 1),
        ("choices.0.message.reasoning_content", "Let me see.", []),
        ("choices.0.finish_reason", "abort", 1),
        ("choices", [], 1),
    ],
)
def test_answers(path: str, new: Any, violations: Any) -> None:
    seen = found(NAME, "ChatResponse", changed(example(NAME, "ChatResponse"), path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("choices.0.delta.reasoning", None, []),
        ("choices.0.delta.reasoning", 1, 1),
        ("choices.0.index", "0", 1),
        ("object", "chat.completion", 1),
    ],
)
def test_chunks(path: str, new: Any, violations: Any) -> None:
    seen = found(NAME, "StreamEvent", changed(example(NAME, "ChatChunk"), path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("error", "violations"),
    [
        ({"error": {"message": "x", "type": "BadRequestError", "param": None, "code": 400}}, []),
        ({"error": {"message": "x", "type": "BadRequestError", "param": None, "code": "400"}}, 1),
        ({"object": "error", "message": "x", "type": "BadRequestError", "param": None, "code": 400}, []),
        ({"message": "x", "type": "BadRequestError", "param": None, "code": 400}, 1),
    ],
)
def test_errors(error: Any, violations: Any) -> None:
    seen = found(NAME, "Error", error)
    assert (len(seen) if isinstance(violations, int) else seen) == violations
