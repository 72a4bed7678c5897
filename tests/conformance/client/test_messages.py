"""Requests for messages, in OpenAI's terms, and what comes back of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck.client import OMIT, function_tools
from hopcheck.client.config import Declares, Models
from hopcheck.client.operations import OPERATIONS, NotExpressible, operation_of
from hopcheck.client.operations.messages.responses import MessageResponse, MessageStream
from hopcheck.client.responses import SentRequest
from hopcheck_contracts.schemas import validate_request

MODELS = Models(chat="c", embedding="e")
RESULT: dict[str, Any] = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x"}]}
MARK = {"type": "text", "text": "MARK"}
SENT = SentRequest("", "POST", "http://127.0.0.1/v1/messages", (), b"{}", 1)


def body(operation: str = "messages", models: Models = MODELS, **fields: Any) -> Any:
    return OPERATIONS[operation].body(models, "MARK", fields)


def test_healthy_requests_are_valid() -> None:
    for name in ("messages", "messages.stream", "count_tokens"):
        assert validate_request("anthropic-messages", "POST", f"/v1{OPERATIONS[name].path}", body(name)) == []
    assert body()["messages"] == [{"role": "user", "content": "Say hello. MARK"}]
    assert (body()["model"], body(models=Models(messages="m"))["model"]) == ("c", "m")
    assert body("messages.stream")["stream"] is True
    assert "max_tokens" not in body("count_tokens")


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"max_completion_tokens": 3}, {"max_tokens": 3}),
        ({"stop": "x"}, {"stop_sequences": ["x"]}),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "tool", "name": "f"}},
        ),
        (
            {"tools": function_tools("f")},
            {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]},
        ),
        ({"tools": "many"}, {"tools": "many"}),
        ({"system": "Be brief."}, {"system": "Be brief."}),
        ({"messages": []}, {"messages": []}),
        ({"messages": [RESULT]}, {"messages": [{**RESULT, "content": [*RESULT["content"], MARK]}]}),
    ],
)
def test_fields_are_translated(fields: Any, sent: Any) -> None:
    made = body(**fields)
    assert {name: made[name] for name in sent} == sent


def test_what_is_left_out_or_given_as_it_is() -> None:
    assert "max_tokens" not in body(max_tokens=OMIT)
    assert body(text="Hi")["messages"][0]["content"] == "Hi MARK"
    assert "stream_options" not in body(stream_options={"include_usage": True})


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 1},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"tools": [{"type": "custom", "custom": {"name": "x"}}]},
    ],
)
def test_what_the_api_has_no_place_for(fields: Any) -> None:
    with pytest.raises(NotExpressible):
        body(**fields)


def test_operations_are_recognised() -> None:
    assert operation_of("POST", "/v1/messages?beta=true", {}) == "messages"
    assert operation_of("POST", "/v1/messages", {"stream": True}) == "messages.stream"
    assert operation_of("POST", "/v1/messages/count_tokens", {}) == "count_tokens"


def test_only_targets_that_declare_it_are_asked() -> None:
    kind = OPERATIONS["messages"]
    assert kind.why_not_offered(Declares())
    assert not kind.why_not_offered(Declares(messages=True))


def test_a_message_in_one_piece() -> None:
    response = MessageResponse(SENT, 200)
    response.chunks = [(1, json.dumps({"content": [{"type": "text", "text": "Hi"}], "model": "m"}).encode())]
    assert (response.content, response.model) == ("Hi", "m")


def streamed(*events: Any) -> MessageStream:
    stream = MessageStream(SENT, 200, ended="complete")
    stream.chunks = [(1, f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode()) for one in events]
    return stream


def test_a_stream() -> None:
    events = (
        {"type": "message_start", "message": {"model": "m"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    stream = streamed(*events)
    assert (stream.content, stream.model, stream.finishes()) == ("Hi", "m", ["length"])
    assert stream.summary == {"text": "Hi", "finish": "length", "done": True}
    assert (stream.usages, stream.clean, stream.shows_failure) == ([{"output_tokens": 1}], True, False)
    assert not streamed(*events[:-1]).clean
    failed = streamed(events[0], {"type": "error", "error": {"type": "api_error", "message": "x"}})
    assert (failed.error, failed.shows_failure) == ({"type": "api_error", "message": "x"}, True)


CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
CALLED = {"index": 0, "id": "toolu_1", "type": "function", "name": "f"}


def test_calls_of_a_message_in_one_piece() -> None:
    response = MessageResponse(SENT, 200)
    text = {"type": "text", "text": "So:"}
    response.chunks = [(1, json.dumps({"content": [text, {**CALL, "input": {"q": "é"}}]}).encode())]
    assert response.tool_calls() == [{**CALLED, "arguments": '{"q": "é"}'}]
    assert response.tool_calls(1) == []


def test_calls_of_a_stream() -> None:
    pieces = ({"type": "input_json_delta", "partial_json": piece} for piece in ('{"q":', " 1}"))
    stream = streamed(
        {"type": "content_block_start", "index": 1, "content_block": CALL},
        *({"type": "content_block_delta", "index": 1, "delta": piece} for piece in pieces),
    )
    assert stream.tool_calls() == [{**CALLED, "arguments": '{"q": 1}'}]
    untouched = streamed(
        {"type": "content_block_start", "index": 0, "content_block": CALL}, {"type": "content_block_start"}
    )
    assert untouched.tool_calls() == [{**CALLED, "arguments": "{}"}]
