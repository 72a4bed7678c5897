"""What clients send: refused before anything goes upstream, or relayed to the byte."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from raw_upstream import CHAT, COMPLETION, KEY, RawUpstream, says_json

from hopcheck_server.proxy.adapters.litellm.control_fields import is_control_field

CHAT_PATH, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
JSON = {"content-type": "application/json"}
MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'


def refused(answer: httpx2.Response, upstream: RawUpstream, status: int = 400) -> dict[str, Any]:
    assert answer.status_code == status
    assert upstream.received == []
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return dict(error)


@pytest.mark.parametrize("path", [CHAT_PATH, EMBEDDINGS])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{'a': 1}",
        b'{"model":"m",' + MESSAGES + b',"input":"x","temperature":NaN}',
        b'{"model":"m",' + MESSAGES + b',"input":"x","temperature":-Infinity}',
        b'{"model":"\xff",' + MESSAGES + b',"input":"x"}',
        '{"model":"m"}'.encode("utf-16"),
        b'{"a":' * 100_000,
        b'{"model":"m","seed":' + b"1" * 5000 + b"," + MESSAGES + b',"input":"x"}',
    ],
    ids=["empty", "open", "null", "array", "text", "quotes", "nan", "inf", "latin", "utf16", "deep", "digits"],
)
def test_unreadable_bodies(provider: httpx2.Client, upstream: RawUpstream, path: str, raw: bytes) -> None:
    refused(provider.post(path, content=raw, headers=JSON), upstream)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": {"role": "user"}}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"model": ["m"]}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"n": 1.5}, "n"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"tools": {}}, "tools"),
    ],
)
def test_wrong_types(provider: httpx2.Client, upstream: RawUpstream, change: dict[str, Any], param: str) -> None:
    assert refused(provider.post(CHAT_PATH, json={**CHAT, **change}), upstream)["param"] == param


def test_a_whole_number_may_have_a_point(provider: httpx2.Client, upstream: RawUpstream) -> None:
    """5.0 is an integer to JSON Schema, and arrives as it was written."""
    upstream.script = says_json(COMPLETION)
    raw = b'{"model":"m","max_tokens":5.0,' + MESSAGES + b"}"
    assert provider.post(CHAT_PATH, content=raw, headers=JSON).status_code == 200
    assert upstream.received[0].body == raw


def test_missing_messages(provider: httpx2.Client, upstream: RawUpstream) -> None:
    error = refused(provider.post(CHAT_PATH, json={"model": "m"}), upstream)
    assert (error["param"], error["code"]) == ("messages", "missing_required_parameter")


@pytest.mark.parametrize("body", [{}, {"input": None}, {"input": []}, {"input": ""}, {"input": 7}, {"input": {}}])
def test_embeddings_need_an_input(provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]) -> None:
    assert refused(provider.post(EMBEDDINGS, json={"model": "m", **body}), upstream)["param"] == "input"


def test_embeddings_need_a_model(provider: httpx2.Client, upstream: RawUpstream) -> None:
    assert refused(provider.post(EMBEDDINGS, json={"input": "x"}), upstream)["param"] == "model"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_media_types(provider: httpx2.Client, upstream: RawUpstream, headers: dict[str, str]) -> None:
    refused(provider.post(CHAT_PATH, content=b"{}", headers=headers), upstream, 415)


@pytest.mark.parametrize("content_type", [None, "application/json; charset=utf-8", "application/vnd.x+json"])
def test_json_media_types(provider: httpx2.Client, upstream: RawUpstream, content_type: str | None) -> None:
    upstream.script = says_json(COMPLETION)
    raw = b'{"model":"m",' + MESSAGES + b"}"
    headers = {"content-type": content_type} if content_type else {}
    assert provider.post(CHAT_PATH, content=raw, headers=headers).status_code == 200
    assert upstream.received[0].values("content-type") == ["application/json"]


def test_too_large(start: Any, upstream: RawUpstream) -> None:
    client = start(max_body_bytes=1000)
    raw = b'{"model":"' + b"m" * 1000 + b'",' + MESSAGES + b"}"
    assert refused(client.post(CHAT_PATH, content=raw, headers=JSON), upstream, 413)["code"] == "request_too_large"
    chunked = client.post(CHAT_PATH, content=iter([raw[:600], raw[600:]]), headers=JSON)
    refused(chunked, upstream, 413)
    assert client.get("/health/live").status_code == 200


def test_slow_body_is_bounded(start: Any, upstream: RawUpstream) -> None:
    import socket

    client = start(body_timeout_s=0.2)
    head = f"POST {CHAT_PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 99\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as raw:
        raw.sendall(head.encode() + b"{")
        refusal = b"".join(iter(lambda: raw.recv(4096), b""))
    assert refusal.startswith(b"HTTP/1.1 408")
    assert b"\r\nconnection: close\r\n" in refusal.lower()
    assert upstream.received == []


def test_megabytes_are_relayed(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({**COMPLETION, "big": "y" * 8_000_000})
    raw = b'{"model":"m",' + MESSAGES + b',"x":"' + b"z" * 4_000_000 + b'"}'
    answer = provider.post(CHAT_PATH, content=raw, headers=JSON)
    assert upstream.received[0].body == raw
    assert len(answer.json()["big"]) == 8_000_000


ODD = (
    b'{ "model" : "m" ,\n "temperature":0, "top_p": 1.0, "seed":12345678901234567890, "stop":"","user":"u",'
    b'"metadata":{"a":"b"},"x_unknown":{"z":1.10,"a":[]},"logit_bias":{"1":-100}, "n":1,'
    b'"messages":[{"role":"user","content":"\\u00e9\xc3\xa9 \\/"}] }\n'
)


@pytest.mark.parametrize("which", ["litellm", "provider"])
def test_request_bytes_survive(request: pytest.FixtureRequest, upstream: RawUpstream, which: str) -> None:
    upstream.script = says_json(COMPLETION)
    assert request.getfixturevalue(which).post(CHAT_PATH, content=ODD, headers=JSON).status_code == 200
    assert upstream.received[0].body == ODD
    assert upstream.received[0].path == CHAT_PATH


def test_response_bytes_survive(provider: httpx2.Client, upstream: RawUpstream) -> None:
    from raw_upstream import response, says

    odd = (
        b'{"id":"x", "object":"chat.completion","n":1.10,"big":123456789012345678,"t":"\\u00e9\xc3\xa9","choices":[]}\n'
    )
    upstream.script = says(response(odd))
    answer = provider.post(CHAT_PATH, json=CHAT)
    assert answer.content == odd
    assert answer.headers["content-length"] == str(len(odd))
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("sent", "relayed"),
    [
        (b"{" + MESSAGES + b"}", b'{"model":"gpt-4o-mini",' + MESSAGES + b"}"),
        (b'{"model": null, ' + MESSAGES + b"}", b'{"model": "gpt-4o-mini", ' + MESSAGES + b"}"),
    ],
)
def test_default_model(provider: httpx2.Client, upstream: RawUpstream, sent: bytes, relayed: bytes) -> None:
    upstream.script = says_json(COMPLETION)
    assert provider.post(CHAT_PATH, content=sent, headers=JSON).status_code == 200
    assert upstream.received[0].body == relayed


def test_default_embedding_model(start: Any, upstream: RawUpstream) -> None:
    upstream.script = says_json({"object": "list", "data": []})
    assert start(default_embedding_model="e").post(EMBEDDINGS, json={"input": [1, 2]}).status_code == 200
    assert upstream.received[0].json == {"model": "e", "input": [1, 2]}


CONTROL = """api_key api_base base_url api_version extra_headers extra_body extra_query headers num_retries max_retries
fallbacks context_window_fallbacks content_policy_fallbacks timeout stream_timeout request_timeout mock_response
mock_tool_calls mock_timeout mock_delay mock_testing_fallbacks cache caching no-log tags litellm_metadata
litellm_session_id model_list custom_llm_provider input_cost_per_token organization allowed_openai_params drop_params
guardrails priority specific_deployment disable_fallbacks aws_access_key_id vertex_credentials langfuse_secret
_litellm_x user_config azure_ad_token"""


@pytest.mark.parametrize("name", CONTROL.split())
def test_control_fields_are_refused_in_front_of_litellm(
    litellm: httpx2.Client, upstream: RawUpstream, name: str
) -> None:
    error = refused(litellm.post(CHAT_PATH, json={**CHAT, name: None}), upstream)
    assert (error["param"], error["code"]) == (name, "unsupported_parameter")


def test_control_fields_in_disguise(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    raw = b'{"model":"m",' + MESSAGES + b',"\\u0061pi_key":"x"}'
    assert refused(litellm.post(CHAT_PATH, content=raw, headers=JSON), upstream)["param"] == "api_key"
    refused(litellm.post(EMBEDDINGS, json={"model": "m", "input": "x", "api_base": "http://x"}), upstream)
    refused(litellm.post(CHAT_PATH, json={**CHAT, "metadata": {"tags": "x"}}), upstream)
    refused(litellm.post(CHAT_PATH, json={**CHAT, "metadata": {"x": ["paid"]}}), upstream)
    refused(litellm.post(CHAT_PATH, json={**CHAT, "metadata": "x"}), upstream)


OPENAI = """model messages audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
max_tokens metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention
reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature
tool_choice tools top_logprobs top_p user verbosity web_search_options input dimensions encoding_format
top_k min_p repetition_penalty guided_json chat_template_kwargs thinking x_unknown"""


@pytest.mark.parametrize("name", OPENAI.split())
def test_openais_and_vendors_fields_are_none(name: str) -> None:
    assert not is_control_field(name)


def test_in_front_of_a_provider_control_fields_mean_nothing(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    body = {**CHAT, "timeout": 1, "tags": ["x"], "metadata": {"a": ["b"]}}
    assert provider.post(CHAT_PATH, json=body).status_code == 200
    assert upstream.received[0].json == body
