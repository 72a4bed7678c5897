"""Lists of models: the upstream's, never made up."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from listed import INFO, LISTED
from raw_upstream import CHAT, COMPLETION, RawUpstream, says_json


def test_list(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.by_path["/v1/models"] = says_json(LISTED)
    assert litellm.get("/v1/models").json() == LISTED


@pytest.mark.parametrize("path", ["/v1/models/a/b", "/v1/models/a%2Fb"])
def test_one_with_a_slash(litellm: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.by_path["/v1/models"] = says_json(LISTED)
    assert litellm.get(path).json() == LISTED["data"][2]


def test_unknown_one(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.by_path["/v1/models"] = says_json(LISTED)
    answer = litellm.get("/v1/models/nope")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("listed", [{}, {"data": None}, {"data": "x"}, []])
def test_no_list(litellm: httpx2.Client, upstream: RawUpstream, listed: Any) -> None:
    upstream.by_path["/v1/models"] = says_json(listed)
    for path in ("/v1/models", "/v1/models/m", "/v1/llm/models"):
        assert litellm.get(path).status_code == 502


def test_llm_models_from_litellm(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.by_path |= {"/v1/models": says_json(LISTED), "/v1/model/info": says_json(INFO)}
    assert litellm.get("/v1/llm/models").json() == [
        {"id": "m", "name": "m", "provider": "openai", "context_length": 4000, "is_available": True},
        {"id": "n", "name": "n", "provider": None, "context_length": None, "is_available": True},
        {"id": "a/b", "name": "a/b", "provider": None, "context_length": None, "is_available": True},
    ]


def test_llm_models_without_model_info(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.by_path |= {
        "/v1/models": says_json(LISTED),
        "/v1/model/info": says_json({"detail": "no"}, "403 Forbidden"),
    }
    found = litellm.get("/v1/llm/models").json()
    assert [(model["id"], model["provider"], model["context_length"]) for model in found] == [
        (name, None, None) for name in ("m", "n", "a/b")
    ]


def test_llm_models_from_a_provider(provider: httpx2.Client, upstream: RawUpstream) -> None:
    data = [{"id": "m", "owned_by": "vllm", "max_model_len": 8192}, {"id": "n"}]
    upstream.by_path["/v1/models"] = says_json({"object": "list", "data": data})
    found = provider.get("/v1/llm/models").json()
    assert [(model["provider"], model["context_length"]) for model in found] == [("vllm", 8192), (None, None)]


@pytest.fixture
def checking(start: Any, upstream: RawUpstream) -> httpx2.Client:
    upstream.script = says_json(COMPLETION)
    upstream.by_path["/v1/models"] = says_json(LISTED)
    return start(backend="openai", check_models=True)


def test_provider_is_not_asked_for_what_it_does_not_list(checking: httpx2.Client, upstream: RawUpstream) -> None:
    for path in ("/v1/chat/completions", "/v1/embeddings"):
        answer = checking.post(path, json={**CHAT, "model": "nope", "input": "x"})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"
    assert {received.path for received in upstream.received} == {"/v1/models"}


def test_list_is_believed_for_a_while(checking: httpx2.Client, upstream: RawUpstream) -> None:
    for _ in range(3):
        assert checking.post("/v1/chat/completions", json=CHAT).status_code == 200
    assert [received.path for received in upstream.received].count("/v1/models") == 1


@pytest.mark.parametrize("listed", [{"data": []}, {"data": [{"id": "*"}]}, {"data": [1]}, "none"])
def test_without_a_usable_list_the_provider_decides(
    checking: httpx2.Client, upstream: RawUpstream, listed: Any
) -> None:
    upstream.by_path["/v1/models"] = says_json(listed)
    for _ in range(3):
        assert checking.post("/v1/chat/completions", json={**CHAT, "model": "anything"}).status_code == 200
    assert [received.path for received in upstream.received].count("/v1/models") == 1
