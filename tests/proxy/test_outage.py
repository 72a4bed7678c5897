"""LiteLLM goes away and comes back: what clients, readiness and the list of models are told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from raw_upstream import (
    CHAT,
    COMPLETION,
    DONE,
    HELLO,
    ROLE,
    STOP,
    STREAM,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    frame,
    response,
    says_json,
    streams,
)
from test_models import INFO, LISTED

from hopcheck_server.switch import Switch

DIRECT_KEY = "direct-key-canary-91cc"
PATIENCE_S = 20


class LiteLLMOnASwitch:
    """Two providers: one behind a switch, in LiteLLM's place, and one that can stand in for it; and proxies for them.

    Proxies are kept from test to test: starting one takes longer than most tests.
    """

    def __init__(self, upstream: RawUpstream, spare: RawUpstream, start: Any) -> None:
        self.upstream, self.spare, self._start = upstream, spare, start
        self.switch = Switch("127.0.0.1", upstream.port)
        self._started: dict[str, httpx2.Client] = {}
        self.on_its_loop(self.switch.start())

    def on_its_loop(self, work: Any) -> Any:
        # The switch lives on the loop of the server behind it.
        return asyncio.run_coroutine_threadsafe(work, self.upstream._loop).result(10)

    def begin(self, **given: Any) -> httpx2.Client:
        if repr(given) not in self._started:
            settings = {"health_interval_s": 0.05, "litellm_proxy_url": self.switch.url, **given}
            self._started[repr(given)] = self._start(**settings)
        self.client = self._started[repr(given)]
        if self.switch.up:
            self.until_ready(200)
        return self.client

    def direct(self) -> httpx2.Client:
        fallback = {"direct_fallback_url": self.spare.url, "direct_fallback_api_key": DIRECT_KEY}
        return self.begin(**fallback, direct_fallback_models="m=spare-m")

    def turn(self, *, up: bool) -> None:
        self.on_its_loop(self.switch.turn(up=up))

    def ready(self) -> httpx2.Response:
        return self.client.get("/health/ready")

    def until_ready(self, status: int) -> httpx2.Response:
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.ready()).status_code != status:
            assert time.monotonic() < deadline, answer.text
        return answer


@pytest.fixture(scope="module")
def shared_chain(shared_upstream: RawUpstream, shared_start: Any) -> Iterator[LiteLLMOnASwitch]:
    with RawUpstream() as spare:
        chain = LiteLLMOnASwitch(shared_upstream, spare, shared_start)
        yield chain
        chain.on_its_loop(chain.switch.aclose())


@pytest.fixture
def chain(shared_chain: LiteLLMOnASwitch, upstream: RawUpstream) -> LiteLLMOnASwitch:
    shared_chain.spare.forget()
    shared_chain.spare.script = says_json({**COMPLETION, "model": "spare-m"})
    upstream.script = says_json(COMPLETION)
    upstream.watched = knows_models
    shared_chain.turn(up=True)
    return shared_chain


async def knows_models(turn: Turn) -> None:
    """What LiteLLM tells the proxy's own questions."""
    told = {"/v1/models": LISTED, "/v1/model/info": INFO}.get(turn.heard.path, "I'm alive!")
    await says_json(told)(turn)


def error(answer: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


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
    assert upstream.heard == []


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
    deadline = time.monotonic() + PATIENCE_S
    while client.post("/v1/chat/completions", json=CHAT).status_code == 200:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["json", "stream"])
def test_requests_are_refused_at_once(chain: LiteLLMOnASwitch, body: dict[str, Any]) -> None:
    client = chain.begin()
    chain.turn(up=False)
    for _ in range(2):  # the first one finds out, the second is told
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert error(answer)["type"] == "server_error"
    assert chain.upstream.heard == []
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


def test_a_connection_that_breaks_is_no_outage(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()

    async def cut(turn: Turn) -> None:
        turn.reset()

    chain.upstream.script = cut
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, error(answer)["code"]) == (502, "upstream_cut")
    assert chain.spare.heard == []


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
    deadline = time.monotonic() + PATIENCE_S
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


def test_critical_models_are_answered_directly(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()
    assert "x-llm-proxy-fallback" not in client.post("/v1/chat/completions", json=CHAT).headers
    chain.turn(up=False)
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.headers["x-llm-proxy-fallback"]) == (200, "direct")
    (heard,) = chain.spare.heard
    assert heard.json == {**CHAT, "model": "spare-m"}
    assert heard.values("authorization") == [f"Bearer {DIRECT_KEY}"]
    assert client.post("/v1/chat/completions", json={**CHAT, "model": "n"}).status_code == 503
    chain.turn(up=True)
    chain.until_ready(200)
    assert "x-llm-proxy-fallback" not in client.post("/v1/chat/completions", json=CHAT).headers


def test_streams_and_embeddings_go_there_too(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()
    chain.turn(up=False)
    chain.spare.script = streams(ROLE, HELLO, STOP, DONE)
    answer = client.post("/v1/chat/completions", json=STREAM)
    assert answer.headers["x-llm-proxy-fallback"] == "direct"
    assert answer.content == ROLE + HELLO + STOP + DONE
    chain.spare.script = says_json({"object": "list", "data": []})
    answer = client.post("/v1/embeddings", json={"model": "m", "input": "x"})
    assert (answer.status_code, answer.headers["x-llm-proxy-fallback"]) == (200, "direct")


def test_errors_of_the_stand_in_say_whose_they_are_and_hold_no_key(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()
    chain.turn(up=False)
    chain.spare.script = says_json({"error": {"message": f"no: {DIRECT_KEY}"}}, "429 X", "Retry-After: 7")
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.headers["x-llm-proxy-fallback"] == "direct"
    assert DIRECT_KEY not in answer.text
    refused = client.post("/v1/chat/completions", json={**CHAT, "api_base": "http://x"})
    assert (refused.status_code, error(refused)["param"]) == (400, "api_base")


def test_a_stream_that_has_begun_ends_with_an_error(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()

    async def dies(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(ROLE) + frame(HELLO))
        await turn.upstream.permission()
        await chain.switch.turn(up=False)

    chain.upstream.script = dies
    with client.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        chain.upstream.permit()
        rest = b"".join(pieces)
    assert (first + rest).startswith(ROLE)
    assert b'"code":"upstream_cut"' in rest
    assert DONE not in rest
