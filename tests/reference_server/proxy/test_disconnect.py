"""A client that hangs up ends the upstream's request, in whatever phase."""

from __future__ import annotations

import socket
from typing import Any

import httpx2
import pytest
from raw_upstream import (
    CHAT,
    COMPLETION,
    HELLO,
    KEY,
    ROLE,
    STREAM,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    ask,
    frame,
    says_json,
)


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", STREAM_HEAD, STREAM_HEAD + frame(b": wait\n\n")])
def test_before_the_first_event(
    litellm: httpx2.Client, upstream: RawUpstream, body: dict[str, Any], begun: bytes
) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(begun)
        upstream.reached.set()
        await turn.until_hangup()

    upstream.script = script
    with ask(litellm, body):
        assert upstream.reached.wait(5)
    assert upstream.hung_up.wait(5)
    assert len(upstream.received) == 1


def test_in_the_middle(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(ROLE) + frame(HELLO))
        await turn.until_hangup()

    upstream.script = script
    with ask(litellm, STREAM) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert upstream.hung_up.wait(5)


def test_while_the_client_does_not_read(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD)
        try:
            for _ in range(10_000):
                await turn.say(frame(b'data: {"choices":[],"x":"' + b"y" * 10_000 + b'"}\n\n'))
        except ConnectionError:
            upstream.hung_up.set()

    upstream.script = script
    with ask(litellm, STREAM) as connection:
        assert connection.recv(64).startswith(b"HTTP/1.1 200")
    assert upstream.hung_up.wait(10)


def test_nothing_is_logged_as_an_accident(
    litellm: httpx2.Client, upstream: RawUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(turn: Turn) -> None:
        upstream.reached.set()
        await turn.until_hangup()

    upstream.script = script
    with ask(litellm, CHAT):
        assert upstream.reached.wait(5)
    assert upstream.hung_up.wait(5)
    upstream.script = says_json(COMPLETION)
    assert litellm.post("/v1/chat/completions", json=CHAT).status_code == 200
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []


def test_half_a_request(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    with socket.create_connection((litellm.base_url.host, litellm.base_url.port), timeout=10) as connection:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 9\r\n\r\n"
        )
        connection.sendall(head.encode() + b"{")
    assert litellm.get("/health/live").status_code == 200
    assert upstream.received == []
