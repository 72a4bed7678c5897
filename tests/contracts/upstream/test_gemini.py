"""What Gemini's contract accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from changed_documents import GONE, changed, example, found

from hopcheck_contracts.documents import document
from hopcheck_contracts.schemas import validate_raw_response, validate_request

NAME = "upstream/gemini"
CLIENT = "google.genai.types"

NOT_OF_THE_API = {"ESCALATION", "PUP_LIMITED_DISABLED", "CONTINUATION", "MODEL_ARMOR"}
"""Finish reasons that the client knows from Google's other service, Vertex."""


@pytest.mark.parametrize(
    ("path", "new", "violations"),
    [
        ("messages", [], ['the body: has a member that isn\'t allowed: "messages"']),
        ("contents", GONE, ["the body: contents is missing"]),
        ("contents.0.role", "assistant", 1),
        ("contents.0.parts", [], ["contents[0].parts: is empty"]),
        ("contents.0.parts.0.type", "text", 1),
        ("contents.0.parts.0", {"functionCall": {"name": "look_up", "args": "{}"}}, 1),
        ("contents.0.parts.0", {"inlineData": {"mimeType": "image/png", "data": "iVBORw0="}}, []),
        ("contents.0.parts.0", {"inline_data": {"mime_type": "image/png", "data": "data:image/png;base64,x"}}, 1),
        (
            "contents.0.parts.0",
            {"functionCall": {"name": "look_up"}, "text": "a"},
            ['contents[0].parts[0]: fits more than one form: {"functionCall": {…}, "text": "a"}'],
        ),
        ("generationConfig.max_tokens", 9, 1),
        ("generationConfig.stopSequences", "END", 1),
        ("tools.0.function_declarations.0.strict", True, 1),
        ("tools.0.function_declarations.0.parameters.$schema", "x", 1),
        ("tools.0", {"type": "function", "function": {"name": "look_up"}}, 2),
        ("toolConfig.functionCallingConfig.mode", "required", 1),
        ("toolConfig.functionCallingConfig", {"mode": "ANY", "allowed_function_names": ["look_up"]}, []),
    ],
)
def test_requests(path: str, new: Any, violations: Any) -> None:
    request = example(NAME, "GenerateContentRequest", 1)
    assert found(NAME, "GenerateContentRequest", request) == []
    seen = found(NAME, "GenerateContentRequest", changed(request, path, new))
    assert (len(seen) if isinstance(violations, int) else seen) == violations


def test_both_ways_to_write_a_name() -> None:
    wide = {"systemInstruction": {"parts": [{"text": "x"}]}, "generationConfig": {"maxOutputTokens": 0}}
    narrow = {"system_instruction": {"parts": [{"text": "x"}]}, "generation_config": {"max_output_tokens": 0}}
    for request in (wide, narrow):
        body = {"contents": [{"parts": [{"text": "Hello"}]}], **request}
        assert len(found(NAME, "GenerateContentRequest", body)) == 1


def test_embeddings() -> None:
    path = "/v1beta/models/e:batchEmbedContents"
    request = {"model": "models/e", "content": {"parts": [{"text": "one"}]}, "outputDimensionality": 3}
    assert validate_request(NAME, "POST", path, {"requests": [request]}) == []
    assert [str(one) for one in validate_request(NAME, "POST", path, {"requests": [{**request, "model": 1}]})] == [
        "requests[0].model: expected a string, not 1"
    ]
    assert validate_request(NAME, "POST", path, {"input": ["one"]}) != []


@pytest.mark.parametrize(
    ("event", "violations"),
    [
        ({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}, "index": 0}]}, []),
        ({"candidates": [{"content": {"role": "model"}, "finishReason": "SAFETY"}]}, []),
        ({"candidates": [{"content": {"role": "assistant"}}]}, 1),
        ({"candidates": [{"finishReason": "stop"}]}, 1),
        ({"candidates": [{"content": {"parts": [{"functionCall": {"name": "x", "args": "{}"}}]}}]}, 1),
        ({"candidates": [{"content": {"parts": [{"thought": True}]}}]}, 1),
        ({"candidates": [], "usageMetadata": {"promptTokenCount": 9}}, 1),
        ({"candidates": [], "usage_metadata": {"promptTokenCount": 9, "totalTokenCount": 9}}, 1),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, []),
        ({}, 1),
        ({"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}, []),
        ({"error": {"code": "503", "message": "Overloaded.", "status": "UNAVAILABLE"}}, 1),
        ({"error": {"code": 503, "message": "Overloaded."}}, ["error: status is missing"]),
    ],
)
def test_events(event: Any, violations: Any) -> None:
    seen = found(NAME, "StreamEvent", event)
    assert (len(seen) if isinstance(violations, int) else seen) == violations


def test_when_to_retry() -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7"}
    error = {"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": [detail]}}
    assert [one.partition(":")[0] for one in found(NAME, "Error", error)] == ["error.details[0].retryDelay"]
    detail["retryDelay"] = "7.5s"
    assert found(NAME, "Error", error) == []


def test_a_stream_is_events_or_an_array() -> None:
    path, piece = "/v1beta/models/g:streamGenerateContent", b'{"candidates":[]}'
    json_type, events = [("content-type", "application/json")], [("content-type", "text/event-stream")]
    assert validate_raw_response(NAME, "POST", path, 200, json_type, b"[%b]" % piece) == []
    assert validate_raw_response(NAME, "POST", path, 200, json_type, piece) != []
    assert validate_raw_response(NAME, "POST", f"{path}?alt=sse", 200, events, b"") == []


def test_reasons_are_the_clients(client_types: Any) -> None:
    schemas = document(NAME)["components"]["schemas"]
    reasons = {one.value for one in client_types.FinishReason} - NOT_OF_THE_API
    assert set(schemas["FinishReason"]["enum"]) == reasons
    blocks = {one.value for one in client_types.BlockedReason}
    assert set(schemas["PromptFeedback"]["properties"]["blockReason"]["enum"]) == blocks


@pytest.mark.parametrize("name", ["GenerateContentResponse", "Candidate"])
def test_the_client_reads_them(client_types: Any, name: str) -> None:
    model = getattr(client_types, name)
    for one in document(NAME)["components"]["schemas"][name]["examples"]:
        read = model.model_validate(one).model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert read == one
