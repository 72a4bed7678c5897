"""Endpoints, default answers and embeddings."""

from __future__ import annotations

import base64
import struct

import pytest

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/chat/completions", "/v1/chat/completions?x=1", "/openai/v1/chat/completions"]
)
def test_unmarked_chats_get_a_default_answer(wire, path):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, wire.chat(n=2), path=path))
    texts = [choice["message"]["content"] for choice in got.json["choices"]]
    assert texts == ["Hello from the hopcheck upstream."] * 2
    assert got.json["model"] == "m"


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": ""}, 400, "model"),
        ({"model": 5}, 400, "model"),
        ({"model": "hopcheck-no-such-model"}, 404, "model"),
        ({"model": "fake-model-hopcheck-no-such-model"}, 404, "model"),
        ({"messages": []}, 400, "messages"),
        ({"messages": "Hello"}, 400, "messages"),
    ],
)
def test_a_chat_that_openai_refuses_is_refused(wire, fields, status, param):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, {**wire.chat(), **fields}))
    assert (got.status, got.json["error"]["param"]) == (status, param)


def test_the_default_answer_streams(wire):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, wire.chat(stream=True)))
    chunks = [event.json for event in sse.parse(got.body)[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == "Hello from the hopcheck upstream."
    assert len(chunks) > 4


def test_an_unknown_script_gets_the_default_response(wire):
    async def act(upstream):
        got = await wire.ask(upstream, wire.marked("un.known"))
        return got, upstream.journal.attempts("hopcheck:un.known~~chat:1"), upstream.journal.unmarked()

    got, attempts, unmarked = wire.serve({}, act)
    assert got.json["choices"][0]["message"]["content"].startswith("Hello")
    assert [attempt.script for attempt in attempts] == ["un.known"]
    assert unmarked == []


def test_azures_paths(wire):
    async def act(upstream):
        payload = wire.marked()
        del payload["model"]
        chat = await wire.ask(
            upstream,
            payload,
            path="/openai/deployments/my%2Dgpt/chat/completions?api-version=1",
            headers={"api-key": "k1"},
        )
        path = "/openai/deployments/emb/embeddings?api-version=1"
        vectors = await wire.ask(upstream, {"input": "x"}, path=path)
        return chat, vectors, upstream.journal.attempts("hopcheck:a.b~~chat:1")

    chat, vectors, (attempt,) = wire.serve({"a.b": reply.chat("azure")}, act)
    assert (chat.json["model"], chat.json["choices"][0]["message"]["content"]) == ("my-gpt", "azure")
    assert (attempt.model, attempt.key) == ("my-gpt", "k1")
    assert (vectors.status, vectors.json["model"]) == (200, "emb")


def test_models_and_health(wire):
    async def act(upstream):
        paths = ("/v1/models", "/v1/models/fake-model", "/models/gpt-4o-mini", "/v1/models/no/such", "/health")
        return [await wire.ask(upstream, method="GET", path=path) for path in paths]

    listing, one, other, missing, health = wire.serve({}, act)
    assert listing.json["object"] == "list"
    assert one.json in listing.json["data"]
    assert other.json["id"] == "gpt-4o-mini"
    assert (missing.status, missing.json["error"]["code"]) == (404, "model_not_found")
    assert health.status == 200


@pytest.mark.parametrize(
    ("method", "path", "payload", "status"),
    [
        ("POST", "/v1/nothing", {}, 404),
        ("GET", "/", None, 404),
        ("GET", "/v1/chat/completions", None, 405),
        ("POST", "/v1/models", {}, 405),
        ("POST", "/v1/chat/completions", b"{not json", 400),
        ("POST", "/v1/chat/completions", b"[1]", 400),
        ("POST", "/v1/embeddings", b"", 400),
    ],
)
def test_what_is_no_request_of_the_api_gets_its_error(wire, method, path, payload, status):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, payload, method=method, path=path))
    assert got.status == status
    assert set(got.json["error"]) == {"message", "type", "param", "code"}


def test_a_script_is_played_on_any_path_if_it_is_literal(wire):
    received = reply.json_body({"object": "response"})
    got = wire.serve({"a.b": received}, lambda upstream: wire.ask(upstream, wire.marked(), path="/v1/responses"))
    assert (got.status, got.json) == (200, {"object": "response"})


def test_head_has_no_body(wire):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, method="HEAD", path="/v1/models"))
    assert (got.status, got.body) == (200, b"")


def embed(wire, scripts, **fields):
    payload = {"model": "e", **fields}
    return wire.serve(scripts, lambda upstream: wire.ask(upstream, payload, path="/v1/embeddings")).json


def unpack(text):
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@pytest.mark.parametrize(
    ("given", "count"),
    [("one", 1), (["one"], 1), (["one", "two", "three"], 3), ([1, 2, 3], 1), ([[1, 2], [3]], 2)],
)
def test_there_is_a_vector_for_each_input(wire, given, count):
    received = embed(wire, {}, input=given)
    assert received["object"] == "list"
    assert [one["index"] for one in received["data"]] == list(range(count))
    assert {one["object"] for one in received["data"]} == {"embedding"}
    assert len({tuple(one["embedding"]) for one in received["data"]}) == count


def test_vectors_depend_on_the_input_alone_in_both_encodings(wire):
    floats = [one["embedding"] for one in embed(wire, {}, input=["a", "b"])["data"]]
    encoded = [one["embedding"] for one in embed(wire, {}, input=["b", "a"], encoding_format="base64")["data"]]
    assert [unpack(text) for text in encoded] == floats[::-1]


def test_dimensions(wire):
    assert len(embed(wire, {}, input="a", dimensions=3)["data"][0]["embedding"]) == 3


def test_scripted_vectors_are_played_in_order_and_again(wire):
    script = {"a.b": reply.embedding([0.5, -1.0], [0.25, 2.0])}
    received = embed(wire, script, input=["hopcheck:a.b~~chat:1", "x", "y"])
    assert [one["embedding"] for one in received["data"]] == [[0.5, -1.0], [0.25, 2.0], [0.5, -1.0]]
    assert received["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
    encoded = embed(wire, script, input=["hopcheck:a.b~~chat:1"], encoding_format="base64")
    assert unpack(encoded["data"][0]["embedding"]) == [0.5, -1.0]


def test_a_token_array_finds_its_script(wire):
    received = embed(wire, {"a.b": reply.embedding([0.5])}, input=[list(b"hopcheck:a.b~~chat:1")])
    assert received["data"][0]["embedding"] == [0.5]
