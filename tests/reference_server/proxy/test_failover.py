"""LiteLLM goes down and comes back: what clients, readiness and the list of models show."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx2
import pytest
from listed import INFO, LISTED
from litellm_on_switch import READ_TIMEOUT_S, LiteLLMOnASwitch, error
from raw_upstream import (
    CHAT,
    DONE,
    HELLO,
    ROLE,
    STOP,
    STREAM,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    response,
    says_json,
    streams,
)


def test_readiness_follows_litellm(chain: LiteLLMOnASwitch) -> None:
    chain.begin()
    assert chain.ready().json() == {"status": "ready", "version": "0.1.0", "mode": "litellm"}
    chain.turn(up=False)
    answer = chain.until_ready(503)
    assert error(answer)["code"] == "upstream_unreachable"
    assert "can't be reached" in error(answer)["message"]
    assert answer.headers["retry-after"] == "2"
    assert chain.client.get("/health/live").status_code == 200
    chain.turn(up=True)
    assert chain.until_ready(200).json()["status"] == "ready"


def test_a_provider_is_not_watched(provider: httpx2.Client, upstream: RawUpstream) -> None:
    assert provider.get("/health/ready").status_code == 200
    assert upstream.received == []


@pytest.mark.parametrize(
    ("status", "code", "serves"), [("500 X", "upstream_unwell", True), ("503 X", "upstream_unwell", False)]
)
def test_readiness_says_how_litellm_is(chain: LiteLLMOnASwitch, status: str, code: str, serves: bool) -> None:
    client = chain.begin()
    chain.upstream.watched = says_json({}, status)
    assert error(chain.until_ready(503))["code"] == code
    assert (client.post("/v1/chat/completions", json=CHAT).status_code == 200) is serves


def test_a_silent_litellm_is_not_ready_and_then_not_asked(chain: LiteLLMOnASwitch) -> None:
    client = chain.begin(health_timeout_s=0.05, health_silence_s=0.2)

    async def silent(turn: Turn) -> None:
        await turn.until_hangup()

    chain.upstream.watched = silent
    assert error(chain.until_ready(503))["code"] == "upstream_silent"
    deadline = time.monotonic() + READ_TIMEOUT_S
    while client.post("/v1/chat/completions", json=CHAT).status_code == 200:
        assert time.monotonic() < deadline


def test_a_litellm_that_hangs_while_its_models_are_fetched(chain: LiteLLMOnASwitch) -> None:
    asked = threading.Event()

    async def hangs_over_models(turn: Turn) -> None:
        if turn.received.path.startswith("/health"):
            await says_json("I'm alive!")(turn)
            return
        asked.set()
        await turn.until_hangup()

    async def silent(turn: Turn) -> None:
        await turn.until_hangup()

    chain.upstream.watched = hangs_over_models
    chain.begin(health_timeout_s=0.05, health_silence_s=0.3)
    assert asked.wait(READ_TIMEOUT_S)
    chain.upstream.watched = silent
    assert error(chain.until_ready(503))["code"] == "upstream_silent"


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_requests_are_refused_at_once(chain: LiteLLMOnASwitch, body: dict[str, Any]) -> None:
    client = chain.begin()
    chain.turn(up=False)
    for _ in range(2):  # the first one detects the outage, the second is refused at once
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert error(answer)["type"] == "server_error"
    assert chain.upstream.received == []
    chain.turn(up=True)
    chain.until_ready(200)
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 200


@pytest.mark.parametrize("half", [b"", response(b"{}")[:30], STREAM_HEAD], ids=["nothing", "half a head", "a head"])
@pytest.mark.parametrize("direct", [False, True], ids=["refused", "answered directly"])
def test_litellm_dies_with_a_request(chain: LiteLLMOnASwitch, half: bytes, direct: bool) -> None:
    client = chain.direct() if direct else chain.begin()

    async def dies(turn: Turn) -> None:
        await turn.say(half)
        await chain.switch.turn(up=False)

    chain.upstream.script = dies
    chain.spare.script = streams(ROLE, HELLO, STOP, DONE) if half == STREAM_HEAD else chain.spare.script
    answer = client.post("/v1/chat/completions", json=STREAM if half == STREAM_HEAD else CHAT)
    assert answer.status_code == (200 if direct else 503)
    assert ("x-llm-proxy-fallback" in answer.headers) is direct


def test_models_are_remembered(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()
    chain.upstream.by_path |= {"/v1/models": says_json(LISTED), "/v1/model/info": says_json(INFO)}
    fresh = {path: client.get(path) for path in ("/v1/models", "/v1/llm/models", "/v1/models/a/b")}
    chain.turn(up=False)
    for path, before in fresh.items():
        assert "x-llm-proxy-stale" not in before.headers
        stale = client.get(path)
        assert (stale.status_code, stale.headers["x-llm-proxy-stale"]) == (200, "true")
        assert int(stale.headers["age"]) >= 0
        if path != "/v1/llm/models":
            assert stale.json() == before.json()
    available = {model["id"]: model["is_available"] for model in client.get("/v1/llm/models").json()}
    assert available == {"m": True, "n": False, "a/b": False}
    assert client.get("/v1/models/nope").status_code == 404


def test_models_that_nobody_asked_for_are_remembered(chain: LiteLLMOnASwitch) -> None:
    client = chain.begin(version="which nobody has asked")
    deadline = time.monotonic() + READ_TIMEOUT_S
    chain.turn(up=False)
    while client.get("/v1/llm/models").status_code != 200:  # it may have died before it was asked
        chain.turn(up=True)
        chain.until_ready(200)
        chain.turn(up=False)
        assert time.monotonic() < deadline
    assert [model["id"] for model in client.get("/v1/llm/models").json()] == ["m", "n", "a/b"]
    assert client.get("/v1/models").json() == LISTED


def test_without_litellm_from_the_start(chain: LiteLLMOnASwitch) -> None:
    chain.turn(up=False)
    client = chain.begin(version="which has never seen it")
    assert chain.ready().status_code == 503
    assert client.get("/v1/models").status_code == 503
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 503
