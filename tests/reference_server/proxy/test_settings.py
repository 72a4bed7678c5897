"""Settings: what is refused, in one sentence each, and the program that reads them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import httpx2
import pytest
from proxy_process import MODULE, program
from raw_upstream import CHAT, KEY, ROLE, STREAM, STREAM_HEAD, RawUpstream, Turn, ask, frame

from hopcheck_server.proxy import ProxySettingsError, Settings, load_settings
from hopcheck_server.proxy.__main__ import main


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"LLM_MODE": "litellm"}, ["INTERNAL_API_KEY", "change-me-internal-key", "secrets.token_urlsafe"]),
        ({"LLM_MODE": "litellm", "INTERNAL_API_KEY": ""}, ["INTERNAL_API_KEY is empty", "secrets.token_urlsafe"]),
        ({"INTERNAL_API_KEY": "  "}, ["INTERNAL_API_KEY is empty"]),
        ({"LLM_MODE": "openai"}, ["LLM_MODE=litellm", "BACKEND=openai"]),
        ({"LLM_MODE": "vllm"}, ["LLM_MODE=litellm", "BACKEND=openai"]),
        ({"LLM_MODE": "what"}, ["LLM_MODE", "'mock' or 'litellm'"]),
        ({"LITELLM_PROXY_URL": "localhost:4000"}, ["LITELLM_PROXY_URL", "http://localhost:4000"]),
        ({"LITELLM_PROXY_URL": "http://u:canary@h"}, ["LITELLM_PROXY_URL", "LITELLM_API_KEY"]),
        ({"LITELLM_API_KEY": "canary\u00e9"}, ["LITELLM_API_KEY", "ASCII"]),
        ({"INTERNAL_API_KEY": "canary\n2"}, ["INTERNAL_API_KEY", "ASCII"]),
        ({"MOCK_DELAY_S": "-1"}, ["MOCK_DELAY_S", "greater than or equal to 0"]),
        ({"MAX_BODY_BYTES": "canary"}, ["MAX_BODY_BYTES", "integer"]),
        ({"LOG_LEVEL": "loud"}, ["LOG_LEVEL", "'debug'"]),
    ],
)
def test_mistakes_are_one_sentence(given: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"LLM_PROXY__{name}", value)
    with pytest.raises(ProxySettingsError) as caught:
        load_settings()
    assert len(caught.value.mistakes) == 1
    sentence = caught.value.mistakes[0]
    assert all(word in sentence for word in words)
    assert "canary" not in sentence
    assert "\n" not in sentence


def test_several_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROXY__MOCK_DELAY_S", "x")
    monkeypatch.setenv("LLM_PROXY__BACKEND", "x")
    with pytest.raises(ProxySettingsError) as caught:
        load_settings()
    assert len(caught.value.mistakes) == 2


@pytest.mark.parametrize(
    ("url", "v1"),
    [
        ("http://localhost:4000", "http://localhost:4000/v1"),
        ("http://localhost:4000/", "http://localhost:4000/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://h/llm", "http://h/llm/v1"),
    ],
)
def test_upstream_address(url: str, v1: str) -> None:
    assert load_settings(litellm_proxy_url=url).upstream_v1 == v1


def test_keys_are_stripped_and_never_shown() -> None:
    settings = load_settings(internal_api_key="canary-1\n", litellm_api_key=" canary-2 ")
    assert settings.internal_api_key.get_secret_value() == "canary-1"
    assert settings.secrets == ("canary-1", "canary-2")
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROXY__CORS_ORIGINS", "https://a, https://b,")
    assert load_settings().cors_origins == ("https://a", "https://b")


@pytest.mark.parametrize(
    ("name", "value"),
    [("default_model", "gpt-4o-mini"), ("llm_mode", "mock"), ("backend", "litellm"), ("mock_delay_s", 0.2)],
)
def test_defaults(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"LLM_PROXY__{name.upper()}", raising=False)
    assert getattr(Settings(), name) == value


def test_program_refuses_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("LLM_PROXY__")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LLM_PROXY__LLM_MODE", "litellm")
    monkeypatch.setattr(sys, "argv", ["hopcheck_server.proxy", "--port", "0"])
    assert main() == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    assert "INTERNAL_API_KEY" in printed.err


def test_program_says_that_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*MODULE, "--port", port], env=program(), capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def read_to_the_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(4096), b""))


def test_program_stops_while_the_upstream_hangs(upstream: RawUpstream) -> None:
    reached, left = threading.Semaphore(0), threading.Semaphore(0)

    async def script(turn: Turn) -> None:
        if turn.received.json.get("stream"):
            await turn.say(STREAM_HEAD + frame(ROLE))
        reached.release()
        await turn.until_hangup()
        left.release()

    upstream.script = script
    env = program(
        LLM_MODE="litellm",
        LITELLM_PROXY_URL=upstream.url,
        INTERNAL_API_KEY=KEY,
        SHUTDOWN_GRACE_S="1",
        LOG_LEVEL="warning",
    )
    with subprocess.Popen(
        [*MODULE, "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        url = child.stdout.readline().strip()
        with httpx2.Client(base_url=url) as client, ask(client, CHAT) as chat, ask(client, STREAM) as stream:
            assert all(reached.acquire(timeout=10) for _ in (chat, stream))
            child.send_signal(signal.SIGTERM)
            answers = [read_to_the_end(connection) for connection in (chat, stream)]
        assert child.wait(10) == 0
        assert all(b'"code":"shutting_down"' in answer for answer in answers)
        assert "Traceback" not in child.stderr.read()
    assert all(left.acquire(timeout=5) for _ in answers)


def test_program_serves_and_stops() -> None:
    env = program(LLM_MODE="mock", WHAT_IS_THIS="1", LOG_LEVEL="warning")
    with subprocess.Popen(
        [*MODULE, "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        url = child.stdout.readline().strip()
        assert httpx2.get(f"{url}/health/live").json()["status"] == "ok"
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 130
        assert child.stderr.read() == "LLM_PROXY__WHAT_IS_THIS is no setting of this proxy and has no effect.\n"
