"""Whatever goes wrong upstream: OpenAI's shape, the right status, and nobody's key."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx2
import pytest
from raw_upstream import CHAT, COMPLETION, KEY, STREAM, UPSTREAM_KEY, RawUpstream, Turn, response, says, says_json

PATH = "/v1/chat/completions"
BODIES = pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])


def error(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    found = answer.json()["error"]
    assert set(found) >= {"message", "type", "param", "code"}
    assert isinstance(found["message"], str)
    assert found["message"]
    assert isinstance(found["type"], str)
    assert all(isinstance(found[name], str | None) for name in ("param", "code"))
    return dict(found)


@BODIES
@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 429, 500, 502, 503, 529])
def test_status_and_members_are_kept(
    provider: httpx2.Client, upstream: RawUpstream, status: int, body: dict[str, Any]
) -> None:
    sent = {"message": "why not", "type": "some_type", "param": "messages", "code": "some_code", "inner": {"a": 1}}
    upstream.script = says_json({"error": sent}, f"{status} X")
    answer = provider.post(PATH, json=body)
    assert answer.status_code == status
    assert error(answer) == sent


@BODIES
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"<html><body>bad gateway</body></html>", "The upstream answered with status 502."),
        (b'{"error": {"message": " <!DOCTYPE html><p>"}}', "The upstream answered with status 502."),
        (b"plain", "The upstream answered with status 502."),
        (b"", "The upstream answered with status 502."),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"error": "text"}', "text"),
        (b'{"message": "m", "code": 7}', "m"),
        (
            b'{"error": {"message": {"a": 1}, "code": {}, "param": [], "type": 3}}',
            "The upstream answered with status 502.",
        ),
        (b'{"error": {"message": "boom\\nTraceback (most recent call last):\\n File \\"/srv/x.py\\""}}', "boom"),
        (b"[" * 100_000, "The upstream answered with status 502."),
    ],
)
def test_other_shapes_become_openais(
    provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], sent: bytes, message: str
) -> None:
    upstream.script = says(response(sent, "502 Bad Gateway", "text/html"))
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 502
    assert error(answer)["message"] == message


@BODIES
@pytest.mark.parametrize("status", ["204 No Content", "201 Created", "307 Temporary Redirect", "401 Unauthorized"])
def test_unfit_statuses_are_a_bad_gateway(
    provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], status: str
) -> None:
    upstream.script = says(response(b"", status, "application/json", "Location: /elsewhere"))
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 502
    assert error(answer)["type"] == "server_error"
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    "raw",
    [
        response(b"not json"),
        response(b'{"id": '),
        response(b"[]"),
        response(b"\xff\xfe"),
        response(b"<html>", "200 OK", "text/html"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"",
    ],
    ids=["text", "half", "array", "latin", "html", "short", "chunk", "gzip", "no-http", "nothing"],
)
@BODIES
def test_unusable_success_is_a_bad_gateway(
    provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], raw: bytes
) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(raw)
        await turn.hang_up()

    upstream.script = script
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 502
    assert error(answer)["code"] in ("upstream_invalid_response", "upstream_cut")
    assert upstream.hung_up.wait(5)
    upstream.script = says_json(COMPLETION)
    assert provider.post(PATH, json=CHAT).status_code == 200


@BODIES
def test_reset_is_a_bad_gateway(provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]) -> None:
    async def script(turn: Turn) -> None:
        turn.reset()

    upstream.script = script
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 502
    assert error(answer)["code"] == "upstream_cut"
    assert len(upstream.received) == 1


@BODIES
def test_error_inside_a_200(provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]) -> None:
    upstream.script = says_json({"error": {"message": "late", "code": 503}})
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 503
    assert error(answer)["message"] == "late"


@BODIES
def test_silence_is_a_timeout(start: Any, upstream: RawUpstream, body: dict[str, Any]) -> None:
    async def script(turn: Turn) -> None:
        await turn.until_hangup()

    upstream.script = script
    answer = start(timeout_s=0.2).post(PATH, json=body)
    assert answer.status_code == 504
    assert error(answer)["code"] == "upstream_timeout"
    assert upstream.hung_up.wait(5)


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/m", "/v1/llm/models"]
)
@pytest.mark.parametrize("backend", ["litellm", "openai"])
def test_nobody_there(start: Any, path: str, backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client = start(backend=backend, litellm_proxy_url=f"http://127.0.0.1:{port}")
    answer = (
        client.post(path, json={**CHAT, "input": "x"}) if path.endswith("s") and "mod" not in path else client.get(path)
    )
    assert answer.status_code == 503
    assert error(answer)["code"] == "upstream_unreachable"


REFUSALS = [
    ("401 Unauthorized", {"error": {"message": f"Incorrect API key provided: {UPSTREAM_KEY}", "type": "auth_error"}}),
    ("400 Bad Request", {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}),
]


@BODIES
@pytest.mark.parametrize(("status", "sent"), REFUSALS)
def test_litellm_refusing_our_key_is_not_the_clients_fault(
    litellm: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], status: str, sent: dict[str, Any]
) -> None:
    upstream.script = says_json(sent, status)
    answer = litellm.post(PATH, json=body)
    assert answer.status_code == 502
    assert error(answer)["code"] == "upstream_auth_error"
    assert UPSTREAM_KEY not in answer.text


@BODIES
def test_echoed_keys_are_masked(provider: httpx2.Client, upstream: RawUpstream, body: dict[str, Any]) -> None:
    texts = [UPSTREAM_KEY, f"Bearer {UPSTREAM_KEY}", KEY, "sk-proj-abcdef0123456789"]
    inner = {"message": " ".join(texts), "code": UPSTREAM_KEY, "deep": [{UPSTREAM_KEY: KEY}]}
    upstream.script = says_json({"error": inner}, "400 X", f"x-ratelimit-limit-requests: {UPSTREAM_KEY}")
    answer = provider.post(PATH, json=body)
    assert answer.status_code == 400
    everything = answer.text + str(answer.headers)
    assert not [key for key in (UPSTREAM_KEY, KEY, "sk-proj-abcdef0123456789") if key in everything]
    assert "[redacted]" in error(answer)["message"]


def test_rate_limit_headers_are_kept(provider: httpx2.Client, upstream: RawUpstream) -> None:
    extra = [
        "Retry-After: 7",
        "retry-after-ms: 7000",
        "x-ratelimit-remaining-requests: 0",
        "Set-Cookie: a=b",
        "x-own: 1",
    ]
    upstream.script = says_json({"error": {"message": "slow down"}}, "429 Too Many Requests", *extra)
    answer = provider.post(PATH, json=CHAT)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["retry-after-ms"] == "7000"
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert not {"set-cookie", "x-own"} & set(answer.headers)


def test_log_holds_no_key_and_no_content(
    start: Any, upstream: RawUpstream, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    upstream.script = says_json({"error": {"message": UPSTREAM_KEY}}, "500 X")
    client = start(log_level="debug")
    with caplog.at_level("DEBUG", logger="hopcheck"):
        client.post(PATH, json={**CHAT, "messages": [{"role": "user", "content": "content-canary"}]})
        client.post(PATH, content=b'{"broken-canary', headers={"content-type": "application/json"})
    seen = caplog.text + "".join(capfd.readouterr())
    assert "/v1/chat/completions" in seen
    assert not [word for word in (KEY, UPSTREAM_KEY, "content-canary", "broken-canary") if word in seen]


def test_unhandled_exception_is_a_500_without_its_text(
    start: Any, upstream: RawUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "secret"[::-1]  # written out, it would be in the log as a line of this source

    def fail(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("hopcheck_server.proxy.adapters.upstream.response_headers", fail)
    upstream.script = says_json(COMPLETION)
    client = start()
    answer = client.post(PATH, json=CHAT)
    assert answer.status_code == 500
    assert error(answer)["code"] == "internal_error"
    assert "RuntimeError" in caplog.text
    assert secret not in answer.text + caplog.text
    assert client.get("/health/live").status_code == 200


def test_garbage_instead_of_http(litellm: httpx2.Client) -> None:
    with socket.create_connection((litellm.base_url.host, litellm.base_url.port or 0), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01 what\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
