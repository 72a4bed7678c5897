"""The reference proxy answers, and each answer is what its contract says, also those that refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from hopcheck_contracts.documents import Boundary, surface_of
from hopcheck_contracts.grammar import messages, responses
from hopcheck_contracts.grammar.chat import check_stream
from hopcheck_contracts.schemas import validate_raw_response
from hopcheck_server.proxy import load_settings
from hopcheck_server.proxy.app import create_app

KEY = "test-key"
CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
VERSION = {"anthropic-version": "2023-06-01"}
HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}

MESSAGE = {**HELLO, "max_tokens": 64}


@pytest.fixture(scope="module")
def proxy() -> Iterator[TestClient]:
    settings = load_settings(llm_mode="mock", internal_api_key=KEY, mock_delay_s=0, max_body_bytes=10_000)
    with TestClient(create_app(settings), headers={"authorization": f"Bearer {KEY}"}) as client:
        yield client


ASKED: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", CHAT, {"json": HELLO}, 200),
    ("POST", CHAT, {"json": {**HELLO, "model": None}}, 200),
    ("POST", CHAT, {"json": {**HELLO, "stream": True}}, 200),
    ("POST", EMBEDDINGS, {"json": {"model": "m", "input": ["a", "b"]}}, 200),
    ("POST", EMBEDDINGS, {"json": {"model": "m", "input": [1, 2], "encoding_format": "base64"}}, 200),
    ("GET", "/v1/models", {}, 200),
    ("HEAD", "/v1/models", {}, 200),
    ("GET", "/v1/models/gpt-4o-mini", {}, 200),
    ("GET", "/v1/models/a/b", {}, 404),
    ("HEAD", "/v1/models/nope", {}, 404),
    ("GET", "/v1/llm/models", {}, 200),
    ("GET", "/health/live", {}, 200),
    ("GET", "/health/ready", {}, 200),
    ("POST", CHAT, {"json": {"model": "m"}}, 400),
    ("POST", CHAT, {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
    ("POST", EMBEDDINGS, {"json": {"input": "x"}}, 400),
    ("POST", CHAT, {"json": HELLO, "headers": {"authorization": "Bearer wrong"}}, 401),
    ("POST", CHAT, {"content": b"x" * 20_000, "headers": {"content-type": "application/json"}}, 413),
    ("POST", CHAT, {"content": b"x=1", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 415),
    ("POST", MESSAGES, {"json": MESSAGE, "headers": VERSION}, 200),
    ("POST", MESSAGES, {"json": {**MESSAGE, "stream": True}, "headers": VERSION}, 200),
    ("POST", MESSAGES, {"json": HELLO, "headers": VERSION}, 400),
    ("POST", MESSAGES, {"json": MESSAGE, "headers": {**VERSION, "authorization": "Bearer wrong"}}, 401),
    ("POST", f"{MESSAGES}/count_tokens", {"json": HELLO, "headers": VERSION}, 200),
    ("GET", MESSAGES, {}, 405),
    ("POST", RESPONSES, {"json": {"model": "m", "input": "Hello"}}, 200),
    ("POST", RESPONSES, {"json": {"input": [{"role": "user", "content": "Hello"}], "stream": True}}, 200),
    ("POST", RESPONSES, {"json": {"input": 1}}, 400),
    ("GET", f"{RESPONSES}/resp_1", {}, 404),
    ("DELETE", f"{RESPONSES}/resp_1", {}, 404),
    ("POST", f"{RESPONSES}/resp_1/cancel", {}, 404),
    ("GET", f"{RESPONSES}/resp_1/input_items", {}, 404),
    ("DELETE", CHAT, {}, 405),
    ("GET", "/v1/nowhere", {}, 404),
]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("method", "path", "given", "status"), ASKED)
def test_answers(proxy: TestClient, own: bool, method: str, path: str, given: dict[str, Any], status: int) -> None:
    boundary: Boundary = "llm-proxy" if own else surface_of(path)
    answer = proxy.request(method, path, **given)
    assert answer.status_code == status
    assert answer.headers["x-request-id"]
    headers = list(answer.headers.items())
    assert validate_raw_response(boundary, method, path, status, headers, answer.content) == []


@pytest.mark.parametrize("wants_usage", [True, False])
def test_streams(proxy: TestClient, wants_usage: bool) -> None:
    asked = {**HELLO, "stream": True, "stream_options": {"include_usage": wants_usage}}
    answer = proxy.post(CHAT, json=asked)
    assert check_stream(answer.content, n=1, wants_usage=wants_usage, boundary="llm-proxy") == []
    assert ('"usage"' in answer.text) is wants_usage


@pytest.mark.parametrize(
    ("path", "asked", "judge"),
    [(MESSAGES, MESSAGE, messages.check_stream), (RESPONSES, {"input": "Hello"}, responses.check_stream)],
)
def test_streams_of_typed_events(proxy: TestClient, path: str, asked: dict[str, Any], judge: Any) -> None:
    answer = proxy.post(path, json={**asked, "stream": True}, headers=VERSION)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert judge(answer.content) == []
    assert "streaming" in answer.text


def test_it_refuses_what_it_has_to(proxy: TestClient) -> None:
    for changes in ({"temperature": "hot"}, {"n": True}, {"messages": "x"}, {"messages": []}, {"stream": 1}):
        answer = proxy.post(CHAT, content=json.dumps({**HELLO, **changes}))
        assert answer.status_code == 400, changes
