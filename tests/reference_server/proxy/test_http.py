"""Keys, headers, methods and paths."""

from __future__ import annotations

import re
import socket
from typing import Any

import httpx2
import pytest
from raw_upstream import CHAT, COMPLETION, DONE, KEY, ROLE, STOP, STREAM, UPSTREAM_KEY, RawUpstream, says_json, streams

from hopcheck_server.proxy.server import listen

PATH = "/v1/chat/completions"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PATHS = ["/v1/models", "/v1/models/a/b", "/v1/llm/models", PATH, "/v1/embeddings", "/v1/nope", "/docs", "/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given",
    [
        [],
        [("authorization", "Bearer wrong")],
        [("authorization", f"Bearer {KEY}x")],
        [("authorization", f"Basic {KEY}")],
        [("authorization", KEY)],
        [("authorization", "Bearer")],
        [("authorization", "Bearer \xff".encode("latin-1"))],
        [("authorization", f"Bearer {KEY}"), ("authorization", "Bearer wrong")],
        [("x-api-key", KEY)],
    ],
    ids=["none", "wrong", "longer", "basic", "bare", "empty", "latin", "two", "x-api-key"],
)
def test_no_entry_without_the_key(litellm: httpx2.Client, upstream: RawUpstream, path: str, given: list[Any]) -> None:
    answer = httpx2.post(litellm.base_url.join(path), headers=given, json=CHAT)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-request-id"]
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert KEY not in answer.text
    assert upstream.received == []


def test_scheme_is_case_insensitive(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    assert litellm.post(PATH, json=CHAT, headers={"authorization": f"bearer {KEY}"}).status_code == 200


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_the_proxys_own_time_stands_next_to_the_upstreams(
    litellm: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]
) -> None:
    upstream.script = streams(ROLE, STOP, DONE) if body is STREAM else says_json(COMPLETION)
    timing = litellm.post(PATH, json=body).headers["server-timing"]
    assert re.fullmatch(r"proxy;dur=\d+\.\d{3}, upstream;dur=\d+\.\d{3}", timing)


def test_without_an_upstream_there_is_no_time_of_its_own(litellm: httpx2.Client) -> None:
    assert "server-timing" not in litellm.post(PATH, json={}).headers


CLIENTS_OWN = {
    "x-api-key": KEY,
    "api-key": KEY,
    "cookie": f"session={KEY}",
    "proxy-authorization": f"Basic {KEY}",
    "x-forwarded-for": "10.1.2.3",
    "x-real-ip": "10.1.2.3",
    "forwarded": "for=10.1.2.3",
    "openai-organization": "org-client",
    "x-litellm-timeout": "1",
    "te": "trailers",
    "x-custom": "1",
    "traceparent": TRACE,
    "tracestate": "a=b",
    "x-request-id": "mine-1",
}


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_only_allowed_headers_go_upstream(
    provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script = streams(ROLE, STOP, DONE) if body is STREAM else says_json(COMPLETION)
    assert provider.post(PATH, json=body, headers=CLIENTS_OWN).status_code == 200
    received = upstream.received[0]
    assert received.values("authorization") == [f"Bearer {UPSTREAM_KEY}"]
    assert received.values("traceparent") == [TRACE]
    assert received.values("tracestate") == ["a=b"]
    assert received.values("x-request-id") == ["mine-1"]
    assert received.values("content-length") == [str(len(received.body))]
    everything = str(received.headers) + received.body.decode()
    assert not [
        word for word in (KEY, "10.1.2.3", "org-client", "x-custom", "litellm", "trailers") if word in everything
    ]


def test_no_key_no_authorization(start: Any, upstream: RawUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-from-the-environment")
    upstream.script = says_json(COMPLETION)
    assert start(litellm_api_key="").post(PATH, json=CHAT).status_code == 200
    assert upstream.received[0].values("authorization") == []
    assert "from-the-environment" not in str(upstream.received[0].headers)


def test_no_cookie_jar(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION, "200 OK", "Set-Cookie: user=one; Path=/")
    for _ in range(2):
        answer = provider.post(PATH, json=CHAT)
        assert "set-cookie" not in answer.headers
    assert upstream.received[1].values("cookie") == []


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_only_allowed_headers_come_back(provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]) -> None:
    extra = [
        "Server: nginx",
        "x-powered-by: php",
        "openai-organization: org",
        "Keep-Alive: timeout=5",
        "x-ratelimit-a: 1",
    ]
    upstream.script = says_json(COMPLETION, "200 OK", *extra, "x-request-id: theirs", "openai-processing-ms: 9")
    answer = provider.post(PATH, json=body)
    expected = {"x-ratelimit-a", "openai-processing-ms", "x-request-id", "date", "content-type", "cache-control"}
    expected.add("server-timing")
    stream = {"transfer-encoding", "x-accel-buffering"}
    assert set(answer.headers) == expected | (stream if body is STREAM else {"content-length"})
    assert answer.headers["x-request-id"] != "theirs"


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3:4", True), ("a b", False), ("x" * 129, False), ("<x>", False)])
def test_request_id(litellm: httpx2.Client, given: str, kept: bool) -> None:
    answer = litellm.get("/health/live", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


def test_request_ids_differ(litellm: httpx2.Client) -> None:
    ids = {litellm.get(path).headers["x-request-id"] for path in ("/health/live", "/v1/nope", "/health/live")}
    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/v1/nope", "/", "/v1/chat/completions/", "/docs", "/v1"])
def test_unknown_paths(litellm: httpx2.Client, path: str) -> None:
    answer = litellm.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_url"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PATH, {"POST"}),
        ("DELETE", PATH, {"POST"}),
        ("PUT", "/v1/embeddings", {"POST"}),
        ("POST", "/v1/models", {"GET", "HEAD"}),
        ("DELETE", "/v1/models/m", {"GET", "HEAD"}),
        ("POST", "/health/live", {"GET", "HEAD"}),
    ],
)
def test_wrong_methods(litellm: httpx2.Client, method: str, path: str, allowed: set[str]) -> None:
    answer = litellm.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed
    assert answer.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/m", "/v1/llm/models", "/health/live", "/health/ready"])
def test_head(litellm: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.script = says_json({"object": "list", "data": [{"id": "m", "object": "model", "created": 1}]})
    answer = litellm.head(path)
    assert answer.status_code == 200
    assert answer.content == b""


def test_preflight_needs_no_key(litellm: httpx2.Client) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = httpx2.options(litellm.base_url.join(PATH), headers=headers)
    assert answer.status_code == 204
    assert "access-control-allow-origin" not in answer.headers


def test_cors_when_it_is_switched_on(start: Any) -> None:
    client = start(cors_origins=("https://app.example",))
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    preflight = httpx2.options(client.base_url.join(PATH), headers=headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    refused = httpx2.post(client.base_url.join(PATH), headers={"origin": "https://app.example"}, json=CHAT)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example"


def test_nagles_algorithm_is_off() -> None:
    # asyncio sets TCP_NODELAY on accepted connections only where the listener names its protocol.
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_answers_are_not_cacheable(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({"object": "list", "data": []})
    assert litellm.get("/v1/models").headers["cache-control"] == "no-store"
