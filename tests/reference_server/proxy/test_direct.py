"""LiteLLM is away: critical models are answered by the provider that can stand in for it."""

from __future__ import annotations

from litellm_on_switch import DIRECT_KEY, LiteLLMOnASwitch, error
from raw_upstream import (
    CHAT,
    DONE,
    HELLO,
    ROLE,
    STOP,
    STREAM,
    STREAM_HEAD,
    Turn,
    frame,
    says_json,
    streams,
)


def test_critical_models_are_answered_directly(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()
    assert "x-llm-proxy-fallback" not in client.post("/v1/chat/completions", json=CHAT).headers
    chain.turn(up=False)
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.headers["x-llm-proxy-fallback"]) == (200, "direct")
    (received,) = chain.spare.received
    assert received.json == {**CHAT, "model": "spare-m"}
    assert received.values("authorization") == [f"Bearer {DIRECT_KEY}"]
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


def test_other_surfaces_go_there_where_it_serves_them(chain: LiteLLMOnASwitch) -> None:
    asked = {"model": "m", "max_tokens": 9, "messages": CHAT["messages"]}
    client = chain.direct()
    chain.turn(up=False)
    refused = client.post("/v1/messages", json=asked)
    assert (refused.status_code, refused.json()["type"]) == (503, "error")
    chain.turn(up=True)
    client = chain.direct(direct_fallback_surfaces="messages")
    chain.turn(up=False)
    answer = client.post("/v1/messages", json=asked)
    assert (answer.status_code, answer.headers["x-llm-proxy-fallback"]) == (200, "direct")
    (received,) = chain.spare.received
    assert received.json == {**asked, "model": "spare-m"}
    assert received.values("x-api-key") == [DIRECT_KEY]
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 503
    assert client.get("/v1/responses/resp_1").status_code == 503


def test_direct_errors_are_marked_and_hold_no_key(chain: LiteLLMOnASwitch) -> None:
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


def test_a_connection_that_breaks_is_no_outage(chain: LiteLLMOnASwitch) -> None:
    client = chain.direct()

    async def cut(turn: Turn) -> None:
        turn.reset()

    chain.upstream.script = cut
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, error(answer)["code"]) == (502, "upstream_cut")
    assert chain.spare.received == []
