"""What Anthropic's contract accepts and refuses."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from changed_documents import GONE, changed, example, found
from pydantic import TypeAdapter

from hopcheck_contracts.documents import document
from hopcheck_contracts.schemas import validate_raw_response

NAME = "anthropic-messages"
CLIENT = "anthropic.types"

TURN = {"role": "user", "content": "Hello"}
START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    },
}


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("max_tokens", GONE, ["the body: max_tokens is missing"]),
        ("max_tokens", -1, ["max_tokens: expected at least 0, not -1"]),
        ("temperature", 1.5, ["temperature: expected at most 1, not 1.5"]),
        ("messages.0.role", "tool", 1),
        ("messages.0.content", "", ["messages[0].content: is empty"]),
        ("messages.0.content.0.text", "", ["messages[0].content[0].text: is empty"]),
        ("tools.0.input_schema", GONE, ["tools[0]: input_schema is missing"]),
        ("tools.0.input_schema.type", "string", ['tools[0].input_schema.type: expected "object", not "string"']),
        ("tool_choice", "auto", ['tool_choice: expected an object, not "auto"']),
        ("tool_choice.type", "required", 1),
        ("stop", ["END"], ['the body: has a member that isn\'t allowed: "stop"']),
        ("response_format", {"type": "json_object"}, 1),
        ("thinking", {"type": "enabled", "budget_tokens": 10}, 1),
    ],
)
def test_requests(path: str, new: Any, violations: Any) -> None:
    request = example(NAME, "MessageRequest", 1)
    assert found(NAME, "MessageRequest", request) == []
    seen = found(NAME, "MessageRequest", changed(request, path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("block", "violations"),
    [
        ({"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "42"}]}, []),
        ({"type": "tool_result", "content": "42"}, ["messages[0].content[0]: tool_use_id is missing"]),
        ({"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": "{}"}, 1),
        ({"type": "thinking", "thinking": "Let me see."}, ["messages[0].content[0]: signature is missing"]),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "data:image/png;x"}}, 1),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, 1),
    ],
)
def test_blocks_of_requests(block: Any, violations: Any) -> None:
    request = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]}
    seen = found(NAME, "MessageRequest", request)
    assert (len(seen) if isinstance(violations, int) else seen) == violations


def test_a_count_has_no_bound() -> None:
    assert found(NAME, "CountTokensRequest", {"model": "claude", "messages": [TURN]}) == []
    assert found(NAME, "CountTokensRequest", {"model": "claude", "messages": [TURN], "max_tokens": 9}) == [
        'the body: has a member that isn\'t allowed: "max_tokens"'
    ]


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("stop_reason", "stop", 1),
        ("stop_reason", None, 1),
        ("usage.input_tokens", GONE, ["usage: input_tokens is missing"]),
        ("content.0", {"type": "tool_use", "id": "toolu_1", "name": "x", "input": {}}, []),
        ("content.0", {"type": "tool_use", "id": "toolu_1", "name": "x", "input": "{}"}, 1),
        ("content", "Hello.", ['content: expected an array, not "Hello."']),
    ],
)
def test_messages(path: str, new: Any, violations: Any) -> None:
    seen = found(NAME, "WholeMessage", changed(example(NAME, "WholeMessage"), path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


@pytest.mark.parametrize(
    ("event", "violations"),
    [
        (START, []),
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, ["the event: usage is missing"]),
        ({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}, ["delta: text is missing"]),
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}}, 1),
        ({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, []),
        ({"type": "delta"}, []),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, []),
        ({"error": {"type": "overloaded_error", "message": "Overloaded"}}, ["the event: type is missing"]),
        ({"type": "error", "error": {"type": "server_error"}}, 1),
    ],
)
def test_events(event: Any, violations: Any) -> None:
    seen = found(NAME, "StreamEvent", event)
    assert (len(seen) if isinstance(violations, int) else seen) == violations


def test_no_done_ends_a_stream() -> None:
    assert found(NAME, "StreamEvent", "[DONE]") != []


def test_limits_are_headers() -> None:
    headers = [("content-type", "application/json"), ("anthropic-ratelimit-requests-reset", "in 3 s")]
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"Slow down."}}'
    seen = validate_raw_response(NAME, "POST", "/v1/messages", 429, headers, body)
    assert [one.where for one in seen] == ["header anthropic-ratelimit-requests-reset"]


def test_reasons_are_the_clients(client_types: Any) -> None:
    assert set(document(NAME)["components"]["schemas"]["StopReason"]["enum"]) == set(get_args(client_types.StopReason))


@pytest.mark.parametrize(
    ("name", "model"), [("Message", "Message"), ("TokenCount", "MessageTokensCount"), ("ErrorDetail", "ErrorObject")]
)
def test_the_client_reads_them(client_types: Any, name: str, model: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(client_types, model))
    for one in document(NAME)["components"]["schemas"][name]["examples"]:
        assert adapter.validate_python(one, strict=True).model_dump(exclude_unset=True) == one


@pytest.mark.parametrize(
    "name",
    [
        "MessageStartEvent",
        "BlockStartEvent",
        "BlockDeltaEvent",
        "BlockStopEvent",
        "MessageDeltaEvent",
        "MessageStopEvent",
    ],
)
def test_the_client_reads_events(client_types: Any, name: str) -> None:
    event = example(NAME, name)
    read: Any = TypeAdapter(client_types.RawMessageStreamEvent).validate_python(event, strict=True)
    assert read.model_dump(exclude_unset=True) == event
