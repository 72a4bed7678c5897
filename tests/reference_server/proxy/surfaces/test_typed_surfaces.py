"""Messages and Responses: passed on as bytes, and refused in their own shape."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from raw_upstream import KEY, UPSTREAM_KEY, RawUpstream, says_json

from hopcheck_contracts.schemas import named_schema
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.surfaces.anthropic_errors import anthropic_body

from .typed_events import ANSWER, ASKED, MESSAGES, RESPONSES

both = pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
COUNT = f"{MESSAGES}/count_tokens"


def shape_violations(path: str, body: Any) -> list[Any]:
    if path.startswith(MESSAGES):
        return list(named_schema("anthropic-messages", "ErrorResponse").violations(body))
    return list(named_schema("openai-compatible", "Error").violations(body))


@both
def test_bytes_pass_in_both_directions(provider: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.script = says_json(ANSWER[path])
    raw = json.dumps(ASKED[path]).replace("hi", "h\\u00ef").replace('"m"', '"m", "x": 1.10').encode()
    answer = provider.post(path, content=raw)
    assert answer.status_code == 200
    assert answer.content == json.dumps(ANSWER[path]).encode()
    assert [(one.path, one.body) for one in upstream.received] == [(path, raw)]


def test_tokens_are_counted_by_the_upstream(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({"input_tokens": 4321})
    asked = {"model": "m", "messages": ASKED[MESSAGES]["messages"]}
    assert provider.post(COUNT, json=asked).json() == {"input_tokens": 4321}
    assert upstream.received[0].path == COUNT


def test_a_model_that_is_not_named(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(ANSWER[RESPONSES])
    provider.post(RESPONSES, json={"input": "hi"})
    assert upstream.received[0].json == {"model": "gpt-4o-mini", "input": "hi"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-api-key": KEY}, 200),
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"x-api-key": KEY, "authorization": f"Bearer {KEY}"}, 200),
        ({"x-api-key": KEY, "authorization": "Bearer another"}, 401),
        ({"x-api-key": "another", "authorization": f"Bearer {KEY}"}, 401),
        ({"x-api-key": "another"}, 401),
        ({}, 401),
    ],
)
def test_keys_on_messages(provider: httpx2.Client, upstream: RawUpstream, headers: dict[str, str], status: int) -> None:
    upstream.script = says_json(ANSWER[MESSAGES])
    with httpx2.Client(base_url=provider.base_url) as client:
        answer = client.post(MESSAGES, json=ASKED[MESSAGES], headers=headers)
    assert answer.status_code == status
    sent = [one.values("x-api-key") + one.values("authorization") for one in upstream.received]
    assert sent == ([[UPSTREAM_KEY]] if status == 200 else [])
    assert status == 200 or answer.json()["error"]["type"] == "authentication_error"


def test_the_other_key_header_counts_on_messages_alone(provider: httpx2.Client) -> None:
    with httpx2.Client(base_url=provider.base_url, headers={"x-api-key": KEY}) as client:
        answer = client.post(RESPONSES, json=ASKED[RESPONSES])
    assert answer.status_code == 401
    assert shape_violations(RESPONSES, answer.json()) == []


def test_version_and_betas_pass_and_nothing_else(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(ANSWER[MESSAGES])
    own = {"anthropic-version": "2023-06-01", "anthropic-beta": "a,b"}
    provider.post(f"{MESSAGES}?beta=true&model=x", json=ASKED[MESSAGES], headers={**own, "x-stainless-lang": "js"})
    (received,) = upstream.received
    assert received.path == f"{MESSAGES}?beta=true"
    assert {name: received.values(name) for name in own} == {name: [value] for name, value in own.items()}
    assert "js" not in received.values("x-stainless-lang")


@pytest.mark.parametrize("transport", ["raw", "openai"])
@pytest.mark.parametrize(
    ("backend", "agent", "session"), [("litellm", "codex_exec/1", ["5e55"]), ("openai", "llm-proxy", [])]
)
def test_litellm_learns_program_and_session(
    shared_start, upstream: RawUpstream, transport: str, backend: str, agent: str, session: list[str]
) -> None:
    client = shared_start(backend=backend, transport=transport)
    upstream.script = says_json(ANSWER[RESPONSES])
    client.post(RESPONSES, json=ASKED[RESPONSES], headers={"user-agent": "codex_exec/1", "session-id": "5e55"})
    assert upstream.received[0].values("user-agent") == [agent]
    assert upstream.received[0].values("session-id") == session


def test_limits_and_ids_of_the_provider_pass(provider: httpx2.Client, upstream: RawUpstream) -> None:
    passed = {"request-id": "req_1", "anthropic-ratelimit-requests-limit": "5", "retry-after": "7"}
    lines = [f"{name}: {value}" for name, value in {**passed, "anthropic-organization-id": "o"}.items()]
    upstream.script = says_json(ANSWER[MESSAGES], "200 OK", *lines)
    headers = provider.post(MESSAGES, json=ASKED[MESSAGES]).headers
    assert passed.items() <= headers.items()
    assert "anthropic-organization-id" not in headers


@pytest.mark.parametrize("path", [MESSAGES, COUNT, RESPONSES])
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"content": b"{"}, 400),
        ({"content": b"[]"}, 400),
        ({"content": b'{"model": 1}'}, 400),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"{}", "headers": {"authorization": "Bearer wrong"}}, 401),
    ],
)
def test_own_refusals_have_the_surfaces_shape(
    provider: httpx2.Client, upstream: RawUpstream, path: str, changes: dict[str, Any], status: int
) -> None:
    headers = {"content-type": "application/json", **changes.get("headers", {})}
    answer = provider.post(path, content=changes["content"], headers=headers)
    assert answer.status_code == status
    assert shape_violations(path, answer.json()) == []
    assert upstream.received == []


@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
def test_too_large_a_body_is_refused_in_it(shared_start, path: str) -> None:
    answer = shared_start(backend="openai", max_body_bytes=100).post(path, content=b"x" * 101)
    assert answer.status_code == 413
    assert shape_violations(path, answer.json()) == []


@pytest.mark.parametrize(("method", "path", "status"), [("GET", MESSAGES, 405), ("POST", f"{MESSAGES}/batches", 404)])
def test_the_routers_refusals_have_it_too(provider: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = provider.request(method, path)
    assert answer.status_code == status
    assert shape_violations(path, answer.json()) == []


@pytest.mark.parametrize(
    ("path", "changes", "param"),
    [
        (MESSAGES, {"max_tokens": None}, "max_tokens"),
        (MESSAGES, {"max_tokens": -1}, "max_tokens"),
        (MESSAGES, {"max_tokens": "9"}, "max_tokens"),
        (MESSAGES, {"messages": []}, "messages"),
        (MESSAGES, {"messages": ["hi"]}, "messages[0]"),
        (RESPONSES, {"input": 7}, "input"),
        (RESPONSES, {"input": []}, "input"),
        (RESPONSES, {"input": None}, "input"),
        (RESPONSES, {"input": ["hi"]}, "input[0]"),
        (RESPONSES, {"max_output_tokens": "9"}, "max_output_tokens"),
    ],
)
def test_fields_that_it_relies_on(
    provider: httpx2.Client, upstream: RawUpstream, path: str, changes: dict[str, Any], param: str
) -> None:
    answer = provider.post(path, json={**ASKED[path], **changes})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert upstream.received == []


def test_an_input_may_be_elsewhere(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(ANSWER[RESPONSES])
    asked = {"model": "m", "previous_response_id": "resp_1"}
    assert provider.post(RESPONSES, json=asked).status_code == 200
    assert upstream.received[0].json == asked


@both
@pytest.mark.parametrize("field", ["api_base", "num_retries", "mock_response", "litellm_metadata"])
def test_control_fields_are_refused(litellm: httpx2.Client, upstream: RawUpstream, path: str, field: str) -> None:
    answer = litellm.post(path, json={**ASKED[path], field: "x"})
    assert answer.status_code == 400
    assert shape_violations(path, answer.json()) == []
    assert upstream.received == []


def test_a_users_id_is_no_control_field(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(ANSWER[MESSAGES])
    asked = {**ASKED[MESSAGES], "metadata": {"user_id": "u"}, "system": [{"type": "text", "text": "s"}], "top_k": 3}
    assert litellm.post(MESSAGES, json=asked).status_code == 200
    assert upstream.received[0].json == asked


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 529])
def test_a_providers_error_keeps_status_and_type(provider: httpx2.Client, upstream: RawUpstream, status: int) -> None:
    error = {"type": "overloaded_error", "message": f"busy {UPSTREAM_KEY}"}
    upstream.script = says_json({"type": "error", "error": error, "request_id": "req_1"}, f"{status} X")
    answer = provider.post(MESSAGES, json=ASKED[MESSAGES])
    assert answer.status_code == status
    assert answer.json() == {"type": "error", "error": {**error, "message": "busy [redacted]"}}


def test_the_upstream_refuses_this_proxys_key(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({"type": "error", "error": {"type": "authentication_error"}}, "401 X")
    answer = provider.post(MESSAGES, json=ASKED[MESSAGES])
    assert answer.status_code == 502
    assert answer.json()["error"]["type"] == "api_error"


@pytest.mark.parametrize(
    ("status", "kind", "shown"),
    [
        (404, "invalid_request_error", "not_found_error"),
        (413, None, "request_too_large"),
        (418, None, "invalid_request_error"),
        (503, "server_error", "api_error"),
        (504, None, "timeout_error"),
        (500, "overloaded_error", "overloaded_error"),
    ],
)
def test_types_of_anthropics(status: int, kind: str | None, shown: str) -> None:
    body = anthropic_body(ProxyError(status, "No.", kind=kind))
    assert body == {"type": "error", "error": {"type": shown, "message": "No."}}


def test_a_response_that_failed_is_an_answer(provider: httpx2.Client, upstream: RawUpstream) -> None:
    failed = {**ANSWER[RESPONSES], "status": "failed", "error": {"code": "server_error", "message": "No."}}
    upstream.script = says_json(failed)
    answer = provider.post(RESPONSES, json=ASKED[RESPONSES])
    assert (answer.status_code, answer.json()) == (200, failed)


@both
def test_an_error_in_a_success(provider: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.script = says_json({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}})
    answer = provider.post(path, json=ASKED[path])
    assert answer.status_code == 429
    assert answer.json()["error"]["message"] == "slow down"
