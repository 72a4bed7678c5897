"""The reference proxy answers, and each answer is what its contract says, also those that refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.grammar.chat import check_stream
from hopcheck_contracts.schemas import validate_raw_response
from hopcheck_server.proxy import load_settings
from hopcheck_server.proxy.app import create_app

KEY = "test-key"
CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


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
    ("DELETE", CHAT, {}, 405),
    ("GET", "/v1/nowhere", {}, 404),
]


@pytest.mark.parametrize("boundary", ["llm-proxy", "openai-compatible"])
@pytest.mark.parametrize(("method", "path", "given", "status"), ASKED)
def test_answers(
    proxy: TestClient, boundary: Boundary, method: str, path: str, given: dict[str, Any], status: int
) -> None:
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


def test_it_refuses_what_it_has_to(proxy: TestClient) -> None:
    for changes in ({"temperature": "hot"}, {"n": True}, {"messages": "x"}, {"messages": []}, {"stream": 1}):
        answer = proxy.post(CHAT, content=json.dumps({**HELLO, **changes}))
        assert answer.status_code == 400, changes
