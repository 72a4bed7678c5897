"""Requests for responses, in the terms of chat requests, and what comes back of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck.client import OMIT, function_tools
from hopcheck.client.config import Declares, Models
from hopcheck.client.operations import OPERATIONS, NotExpressible, operation_of
from hopcheck.client.operations.responses_api.response_results import ResponseObject, ResponseStream
from hopcheck.client.responses import SentRequest
from hopcheck_contracts.schemas import validate_request

MODELS = Models(chat="c", embedding="e")
SENT = SentRequest("", "POST", "http://127.0.0.1/v1/responses", (), b"{}", 1)
CALL = {"type": "function", "id": "call_1", "function": {"name": "f", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def body(operation: str = "responses", models: Models = MODELS, **fields: Any) -> Any:
    return OPERATIONS[operation].body(models, "MARK", fields)


@pytest.mark.parametrize("operation", ["responses", "responses.stream"])
def test_healthy_requests_are_valid(operation: str) -> None:
    assert validate_request("openai-responses", "POST", "/v1/responses", body(operation)) == []


def test_the_marker_ends_what_the_user_says() -> None:
    assert body()["input"] == "Say hello. MARK"
    assert body(text="Hi")["input"] == "Hi MARK"
    assert body(messages=[{"role": "user", "content": "Hi"}])["input"] == [{"role": "user", "content": "Hi MARK"}]
    parts = [{"type": "input_text", "text": "Hi"}]
    assert body(input=[{"role": "user", "content": parts}])["input"][0]["content"] == [
        *parts,
        {"type": "input_text", "text": "MARK"},
    ]


def test_the_model() -> None:
    assert (body()["model"], body(models=Models(responses="r"))["model"]) == ("c", "r")
    assert body("responses.stream")["stream"] is True


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"max_tokens": 30}, {"max_output_tokens": 30}),
        ({"max_completion_tokens": 30}, {"max_output_tokens": 30}),
        ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}},
            {"text": {"format": {"type": "json_schema", "name": "n", "schema": {}}}},
        ),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "function", "name": "f"}},
        ),
        (
            {"tools": function_tools("f")},
            {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}]},
        ),
        ({"tools": "many"}, {"tools": "many"}),
        ({"messages": []}, {"input": []}),
        ({"include": ["a"], "store": False}, {"include": ["a"], "store": False}),
    ],
)
def test_fields_are_translated(fields: Any, sent: Any) -> None:
    made = body(**fields)
    assert {name: made[name] for name in sent} == sent


def test_a_conversation_is_a_list_of_items() -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look."}, IMAGE]},
        {"role": "assistant", "content": "So:", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    assert body(messages=conversation)["input"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look."},
                {"type": "input_image", "image_url": IMAGE["image_url"]["url"], "detail": "auto"},  # type: ignore[index]
                {"type": "input_text", "text": "MARK"},
            ],
        },
        {"role": "assistant", "content": "So:"},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    ]


def test_what_is_left_out() -> None:
    assert "input" not in body(messages=OMIT)
    assert "stream_options" not in body(stream_options={"include_usage": True})


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 1},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x", "name": "me"}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "x", "type": "custom"}]}]},
        {"tools": [{"type": "web_search"}]},
        {"tool_choice": {"type": "allowed_tools"}},
    ],
)
def test_what_the_api_has_no_place_for(fields: Any) -> None:
    with pytest.raises(NotExpressible):
        body(**fields)


def test_operations_are_recognised() -> None:
    assert operation_of("POST", "/v1/responses", {}) == "responses"
    assert operation_of("POST", "/v1/responses", {"stream": True}) == "responses.stream"
    assert operation_of("GET", "/v1/responses/resp_1", None) == "other"


def test_only_targets_that_declare_it_are_asked() -> None:
    kind = OPERATIONS["responses"]
    assert kind.why_not_offered(Declares())
    assert not kind.why_not_offered(Declares(responses=True))


MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hi"}]}
FUNCTION_CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
CALLED = {"index": 0, "id": "call_1", "type": "function", "name": "f", "arguments": "{}"}


def test_a_response_in_one_piece() -> None:
    response = ResponseObject(SENT, 200)
    response.chunks = [(1, json.dumps({"output": [MESSAGE, FUNCTION_CALL], "model": "m", "error": None}).encode())]
    assert (response.content, response.model, response.error) == ("Hi", "m", None)
    assert (response.tool_calls(), response.tool_calls(1)) == ([CALLED], [])


def streamed(*events: Any) -> ResponseStream:
    stream = ResponseStream(SENT, 200, ended="complete")
    stream.chunks = [(1, f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode()) for one in events]
    return stream


def ended(kind: str, **response: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": {"status": kind, "model": "m", "output": [], **response}}


BEGUN = (
    {"type": "response.created", "response": {"model": "m"}},
    {"type": "response.output_text.delta", "delta": "Hi"},
)


def test_a_stream() -> None:
    stream = streamed(*BEGUN, ended("incomplete", incomplete_details={"reason": "max_output_tokens"}, usage={"a": 1}))
    assert (stream.content, stream.model, stream.finishes()) == ("Hi", "m", ["length"])
    assert stream.summary == {"text": "Hi", "finish": "length", "done": True}
    assert (stream.usages, stream.clean, stream.shows_failure, len(stream.deltas())) == ([{"a": 1}], True, False, 1)
    assert not streamed(*BEGUN).clean
    assert streamed(*BEGUN).final is None


def test_calls_of_a_stream() -> None:
    done = {"type": "response.output_item.done", "output_index": 0, "item": FUNCTION_CALL}
    stream = streamed(BEGUN[0], done, ended("completed", output=[FUNCTION_CALL]))
    assert (stream.tool_calls(), stream.finishes()) == ([CALLED], ["tool_calls"])


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (ended("failed", error={"code": "server_error", "message": "x"}), {"code": "server_error", "message": "x"}),
        ({"type": "error", "error": {"message": "x"}}, {"message": "x"}),
        ({"type": "error", "message": "x"}, {"type": "error", "message": "x"}),
    ],
)
def test_failures_of_a_stream(event: Any, error: Any) -> None:
    failed = streamed(*BEGUN, event)
    assert (failed.error, failed.shows_failure, failed.clean) == (error, True, False)


def test_an_error_in_a_stream_s_place() -> None:
    refused = ResponseStream(SENT, 400, ended="complete")
    refused.chunks = [(1, b'{"error": {"message": "x"}}')]
    assert (refused.error, refused.content) == ({"message": "x"}, None)
