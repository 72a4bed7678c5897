"""What is held against the contract, and how violations read."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from chat_streams import FAULT, HEAD, HEL, USAGE

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.schemas import (
    must_refuse,
    named_schema,
    validate_event,
    validate_raw_response,
    validate_request,
    validate_response,
    validate_upstream_request,
)
from hopcheck_contracts.violations import MAX_VIOLATIONS

CHAT = "/v1/chat/completions"
JSON = [("Content-Type", "application/json; charset=utf-8")]
MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "o"}
ERROR = {"error": {"message": "x", "type": "y", "param": None, "code": None}}
HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def texts_of(violations: Any) -> list[str]:
    return [str(one) for one in violations]


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "violations"),
    [
        ("GET", "/v1/models/m", 200, MODEL, []),
        ("GET", "/v1/models/m", 200, {**MODEL, "created": 1.5}, ["created: expected an integer, not 1.5"]),
        ("GET", "/v1/models", 200, {"object": "list", "data": [MODEL, {}]}, 4),
        ("POST", CHAT, 429, ERROR, []),
        ("POST", CHAT, 529, ERROR, []),
        ("POST", CHAT, 529, {"error": "x"}, ['error: expected an object, not "x"']),
        ("POST", CHAT, 500, {"detail": "x"}, ["the body: error is missing"]),
        ("POST", CHAT, 202, {}, ["the body: error is missing"]),
        ("GET", "/v1/nowhere", 404, ERROR, []),
        ("GET", "/v1/nowhere", 404, {"detail": "x"}, ["the body: error is missing"]),
        ("GET", "/v1/nowhere", 200, {"whatever": 1}, []),
        ("DELETE", CHAT, 405, {}, ["the body: error is missing"]),
    ],
)
def test_answers(method: str, path: str, status: int, body: Any, violations: Any) -> None:
    found = texts_of(validate_response("openai-compatible", method, path, status, body))
    assert (len(found) if isinstance(violations, int) else found) == violations


@pytest.mark.parametrize(
    ("status", "headers", "raw", "violations"),
    [
        (429, [*JSON, ("Retry-After", "20"), ("x-ratelimit-remaining-requests", "0")], ERROR, []),
        (429, [*JSON, ("retry-after", "Mon, 23 Nov 2026 18:00:00 GMT")], ERROR, []),
        (429, [*JSON, ("retry-after", "soon")], ERROR, 1),
        (429, [*JSON, ("x-ratelimit-limit-requests", "many")], ERROR, 1),
        (429, [*JSON, ("x-ratelimit-remaining-tokens", "-6")], ERROR, 1),
        (500, [("content-type", "text/html")], b"<html>", ['content-type: expected application/json, not "text/html"']),
        (500, [], b"", ['content-type: expected application/json, not ""']),
        (500, JSON, b"", ["the body: is empty"]),
        (500, JSON, b"Internal Server Error", ['the body: is not JSON: "Internal Server Error"']),
        (500, JSON, b'{"error": {"message": "\xff"}}', 1),
        (500, JSON, json.dumps({**ERROR, "x": 1}).encode(), []),
        (500, JSON, json.dumps({**ERROR, "x": math.nan}).encode(), 1),
        (500, JSON, json.dumps({**ERROR, "x": -math.inf}).encode("utf-16"), 1),
        (200, [("content-type", "text/event-stream")], b"data: x\n\n", []),
        (200, [("content-type", "text/plain")], b"data: x\n\n", 1),
        (204, [], b"", []),
    ],
)
def test_answers_as_they_come(status: int, headers: list[tuple[str, str]], raw: Any, violations: Any) -> None:
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    found = texts_of(validate_raw_response("openai-compatible", "POST", CHAT, status, headers, body))
    assert (len(found) if isinstance(violations, int) else found) == violations


def test_a_head_has_no_body() -> None:
    assert validate_raw_response("openai-compatible", "HEAD", "/v1/models", 200, JSON, b"") == []
    assert validate_raw_response("llm-proxy", "HEAD", "/v1/models/a/b", 404, JSON, b"") == []


@pytest.mark.parametrize("payload", [HEL, USAGE, FAULT, {**HEL, "x_vendor": {}}])
def test_events(payload: Any) -> None:
    assert validate_event("openai-compatible", json.dumps(payload)) == []
    assert validate_event("litellm", json.dumps(payload)) == []


def test_the_end_of_a_stream() -> None:
    assert validate_event("llm-proxy", " [DONE] ") == []
    assert texts_of(validate_event("llm-proxy", "[done]")) == ['the event: is not JSON: "[done]"']


def test_litellm_may_say_less() -> None:
    error = json.dumps({"error": {"message": "x", "type": "None", "param": "None", "code": "500"}})
    assert validate_event("litellm", error) == []
    assert validate_response("litellm", "GET", "/v1/models/nope", 404, {"detail": "no"}) == []
    crash = validate_raw_response("litellm", "POST", CHAT, 500, [("content-type", "text/plain")], b"Internal")
    assert crash == []
    assert validate_response("litellm", "GET", "/health/liveliness", 200, "I'm alive!") == []


@pytest.mark.parametrize(
    ("changes", "violations"),
    [
        ({}, []),
        ({"x_vendor": [1]}, []),
        ({"temperature": "hot"}, ['temperature: expected a number or null, not "hot"']),
        ({"temperature": 3}, ["temperature: expected at most 2, not 3"]),
        ({"n": 0}, ["n: expected at least 1, not 0"]),
        ({"n": True}, ["n: expected an integer or null, not true"]),
        ({"messages": []}, ["messages: is empty"]),
        ({"messages": "Hi"}, ['messages: expected an array, not "Hi"']),
        ({"stop": 5}, ["stop: expected a string or an array or null, not 5"]),
        ({"messages": [{"role": "user"}]}, ["messages[0]: content is missing"]),
        ({"messages": [{"content": "x"}]}, ["messages[0]: role is missing"]),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": None}]}]},
            ["messages[0].content[0].text: expected a string, not null"],
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "video", "video": {}}]}]},
            [
                'messages[0].content[0].type: expected "text" or "image_url" or "input_audio" or "file", not "video"',
            ],
        ),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, 1),
    ],
)
def test_requests(changes: Any, violations: Any) -> None:
    found = texts_of(validate_upstream_request(CHAT, {**HELLO, **changes}))
    assert (len(found) if isinstance(violations, int) else found) == violations


def test_azure_has_the_model_in_the_path() -> None:
    body = {"messages": HELLO["messages"]}
    assert texts_of(validate_upstream_request(CHAT, body)) == ["the body: model is missing"]
    assert validate_upstream_request("/openai/deployments/gpt-4o/chat/completions?api-version=1", body) == []


def test_requests_of_every_surface() -> None:
    assert validate_upstream_request("/v1/responses", {"model": "m", "input": "x"}) == []
    assert texts_of(validate_upstream_request("/v1/responses", {"input": "x"})) == ["the body: model is missing"]
    assert texts_of(validate_upstream_request("/v1/messages", HELLO)) == ["the body: max_tokens is missing"]


@pytest.mark.parametrize(
    ("boundary", "data", "violations"),
    [
        ("anthropic-messages", '{"type": "ping"}', []),
        ("anthropic-messages", '{"type": "later"}', []),
        ("anthropic-messages", '{"type": ["ping"]}', 1),
        ("anthropic-messages", "7", 1),
        ("anthropic-messages", '{"type": "content_block_stop"}', ["the event: index is missing"]),
        ("openai-responses", '{"type": "response.audio.done", "sequence_number": 1}', []),
        ("openai-responses", '{"type": "response.audio.done"}', ["the event: sequence_number is missing"]),
    ],
)
def test_typed_events(boundary: Boundary, data: str, violations: Any) -> None:
    found = texts_of(validate_event(boundary, data))
    assert (len(found) if isinstance(violations, int) else found) == violations


def test_errors_of_an_unknown_path_have_the_surfaces_shape() -> None:
    shaped = {"type": "error", "error": {"type": "not_found_error", "message": "x"}}
    assert validate_response("anthropic-messages", "POST", "/v1/messages/x", 404, shaped) == []
    assert validate_response("anthropic-messages", "POST", "/v1/messages/x", 404, ERROR) != []


def test_what_has_no_body_is_not_judged() -> None:
    assert validate_upstream_request("/v1/models", None, "GET") == []
    assert validate_upstream_request("/v1/files", {"input": "x"}) == []


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (HELLO, False),
        ({**HELLO, "temperature": 9, "x": 1, "reasoning_effort": "most"}, False),
        ({**HELLO, "temperature": "hot"}, True),
        ({"model": "m"}, True),
        ([], True),
        ({"model": "m", "messages": []}, True),
        ({"model": "m", "messages": ["Hello"]}, True),
    ],
)
def test_what_a_proxy_refuses_itself(body: Any, refused: bool) -> None:
    """Less than what the contract describes: the rest is the provider's to judge."""
    assert bool(must_refuse("openai-compatible", "POST", CHAT, body)) is refused
    assert bool(must_refuse("llm-proxy", "POST", CHAT, body)) is refused


def test_llm_proxys_requests() -> None:
    assert validate_request("llm-proxy", "POST", CHAT, {"messages": HELLO["messages"]}) == []
    steered = {**HELLO, "api_base": "http://x", "metadata": {"litellm_x": "y"}}
    assert sorted(texts_of(validate_request("llm-proxy", "POST", CHAT, steered))) == [
        'metadata: has a member that isn\'t allowed: "litellm_x"',
        'the body: has a member that isn\'t allowed: "api_base"',
    ]


@pytest.mark.parametrize(
    "value",
    [
        {**HEAD, "choices": [{"index": "x" * 10_000, "delta": []}] * 1_000},
        {"x" * 10_000: "y" * 10_000, "choices": "z" * 100_000},
        {**HEAD, "choices": {"deep": {"deep": ["x" * 1000] * 1000}}},
        "x" * 1_000_000,
        [[["x" * 1000] * 1000]],
    ],
)
def test_violations_are_few_and_short(value: Any) -> None:
    violations = validate_event("openai-compatible", json.dumps(value))
    assert 0 < len(violations) <= MAX_VIOLATIONS
    assert all(len(one.where) < 200 and len(one.message) < 200 for one in violations)


ODD = {
    "half a surrogate pair": ("1", '"\\ud800"', 0),
    "half a surrogate pair in a name": ("1", '"x", "q\\ud800": 1', 0),
    "halves of surrogate pairs where something is wrong": ("1", '"x", "role": "\\ud800", "q\\ud800": 1', 1),
    "a NUL": ("1", '"\\u0000"', 0),
    "an integer with a point": ("1.0", '"x"', 0),
    "an integer of 400 digits": ("1" + "0" * 400, '"x"', 0),
    "an integer of 5000 digits": ("1" + "0" * 5000, '"x"', 1),
    "a number that is too large": ("1e999", '"x"', 1),
    "minus zero": ("-0", '"x"', 0),
    "a deep value": ("1", '"x", "deep": ' + "[" * 90 + "]" * 90, 0),
    "a value that is too deep": ("1", '"x", "deep": ' + "[" * 101 + "]" * 101, 1),
    "a value that no parser reads": ("1", '"x", "deep": ' + "[" * 100_000 + "]" * 100_000, 1),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_json_is_judged_and_never_crashes(name: str) -> None:
    created, content, violations = ODD[name]
    head = f'"id": "x", "object": "chat.completion.chunk", "created": {created}, "model": "m"'
    found = validate_event(
        "openai-compatible", f'{{{head}, "choices": [{{"index": 0, "delta": {{"content": {content}}}}}]}}'
    )
    assert len(found) == violations
    assert all(str(one).encode() for one in found)


@pytest.mark.parametrize("boundary", ["openai-compatible", "llm-proxy", "litellm"])
def test_an_unknown_schema(boundary: Boundary) -> None:
    with pytest.raises(KeyError):
        named_schema(boundary, "Nonsense")


def test_nothing_is_read_before_it_is_needed() -> None:
    """Importing the validators reads no document: commands that need none start fast."""
    probe = (
        "import hopcheck_contracts.schemas as s, hopcheck_contracts.documents as d; print(d.document.cache_info()[3])"
    )
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "0"
