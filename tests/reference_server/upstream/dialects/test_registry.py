"""Dialects are found by their folders, and requests by their paths."""

from __future__ import annotations

import pytest

from hopcheck_server.upstream import dialects as folder
from hopcheck_server.upstream.dialects.registry import Dialects, all_dialects
from hopcheck_server.upstream.script import reply

PARROT = '''
"""A dialect that a test made up: it answers in plain lines."""

from hopcheck_server.upstream.dialects.dialect import Dialect, default_completion
from hopcheck_server.upstream.dialects.request import Route
from hopcheck_server.upstream.dialects.template import MODEL, TAG, TextTemplate


class Parrot(Dialect):
    name = "parrot"
    label = "Parrot"
    nearby = ("/parrot-api/",)

    def route(self, path):
        return Route("chat") if path == "/parrot-api/talk" else None

    def template(self, turn, shape, *, marked):
        completion = turn.completion or default_completion((" ", TAG) if marked else ())
        pieces = [f"{piece}\\n" for piece in (MODEL, *completion.choices[0].text)]
        headers = (("content-type", "text/plain"),)
        return TextTemplate.make(turn, pieces, headers=headers, request_id="x-request-id", stream=True)

    def error_body(self, status, error, tag):
        return {"squawk": error.message}


DIALECT = Parrot()
'''


@pytest.fixture
def parrot(tmp_path, monkeypatch):
    """A dialect in a folder that the registry looks through, as any other."""
    (tmp_path / "parrot").mkdir()
    (tmp_path / "parrot" / "__init__.py").write_text(PARROT)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    all_dialects.cache_clear()
    yield
    all_dialects.cache_clear()


@pytest.mark.usefixtures("parrot")
def test_adding_a_dialect_touches_one_folder(wire):
    path = "/parrot-api/talk"

    async def act(upstream):
        scripted = await wire.ask(upstream, wire.marked(), path=path)
        plain = await wire.ask(upstream, wire.chat(), path="/parrot/parrot-api/talk")
        default = await wire.ask(upstream, wire.marked(name="none"), path=path)
        refused = await wire.ask(upstream, wire.marked(name="refused"), path=path)
        unknown = await wire.ask(upstream, wire.chat(), path="/parrot-api/sing")
        chunks = await wire.ask(upstream, wire.marked(name="literal"), path=path)
        chat = await wire.ask(upstream, wire.marked())
        return scripted, plain, default, refused, unknown, chunks, chat

    scripts = {"a.b": reply.chat("Hel", "lo"), "refused": reply.status(429), "literal": reply.events(reply.delta())}
    scripted, plain, default, refused, unknown, chunks, chat = wire.serve(scripts, act)
    assert scripted.chunks == [b"m\n", b"Hel\n", b"lo\n"]
    assert plain.body == b"m\nHello\n from\n the\n hopcheck\n upstream\n.\n"
    assert default.body.decode().splitlines()[-1] == default.headers["x-request-id"].removeprefix("req_hop")
    assert (refused.status, refused.json) == (429, {"squawk": "scripted error 429"})
    assert (unknown.status, unknown.json["squawk"]) == (404, "Unknown request URL: POST /parrot-api/sing")
    assert chunks.status == 501
    assert "a literal stream of OpenAI's has no equivalent in Parrot" in chunks.json["squawk"]
    assert chat.json["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize(
    ("path", "dialect", "kind"),
    [
        ("/v1/chat/completions", "openai_chat", "chat"),
        ("/v1//chat/completions", "openai_chat", "chat"),
        ("/openai_chat/v1/chat/completions", "openai_chat", "chat"),
        ("/v1/embeddings", "openai_embeddings", "embeddings"),
        ("/openai/deployments/d/chat/completions?api-version=1", "azure", "chat"),
        ("//openai/deployments/d/embeddings", "azure", "embeddings"),
        ("/openai/elsewhere", "azure", ""),
        ("/v1/messages?beta=true", "anthropic", "chat"),
        ("//v1/messages/count_tokens", "anthropic", "count_tokens"),
        ("/v1/messages/batches", "anthropic", ""),
        ("/v1beta/models/g:generateContent", "gemini", "chat"),
        ("/models/g:streamGenerateContent?alt=sse", "gemini", "chat"),
        ("/gemini/v1beta/models/g:batchEmbedContents", "gemini", "embeddings"),
        ("/v1beta/files", "gemini", ""),
        ("/api/chat", "ollama", "chat"),
        ("/api/generate", "ollama", ""),
        ("/vllm/v1/chat/completions", "vllm", "chat"),
        ("/vllm/elsewhere", "vllm", ""),
        ("/v1/models", "openai_chat", "models"),
        ("/elsewhere", "openai_chat", ""),
    ],
)
def test_a_path_has_one_dialect(path, dialect, kind):
    request = all_dialects().read("POST", path, b'{"model":"m"}', [])
    assert (request.dialect.name, request.kind) == (dialect, kind)


def test_a_header_tells_dialects_of_one_path_apart():
    request = all_dialects().read("GET", "/v1/models", b"", [(b"Anthropic-Version", b"2023-06-01")])
    assert (request.dialect.name, request.kind) == ("anthropic", "models")


def test_two_dialects_of_one_name_are_a_mistake():
    azure = all_dialects()["azure"]
    with pytest.raises(ValueError, match="same name"):
        Dialects([azure, azure])


@pytest.mark.parametrize("name", ["anthropic", "gemini", "ollama", "openai_responses"])
def test_a_total_beyond_its_parts_is_openai_chats_alone(name):
    counts = {"prompt_tokens": 5, "completion_tokens": 2}
    obstacles = {
        total: all_dialects()[name].obstacle(reply.chat("x", usage={**counts, "total_tokens": total}))
        for total in (7, 9)
    }
    assert obstacles[7] == ""
    assert obstacles[9].endswith("has no tokens beyond those of input and output")
    assert all_dialects()["openai_chat"].obstacle(reply.chat("x", usage={**counts, "total_tokens": 9})) == ""


def test_what_a_dialect_cannot_express_has_a_reason():
    embeddings = all_dialects()["openai_embeddings"]
    assert embeddings.obstacle(reply.chat("x")) == "OpenAI's embeddings have no text"
    assert embeddings.obstacle(reply.json_body({})).startswith("a literal JSON body")
    assert embeddings.obstacle(reply.html()) == embeddings.obstacle(reply.status(500)) == ""
    garbage = (
        reply.raw(200, '{"choices": [', "application/json"),
        reply.json_body([1]),
        reply.raw(422, "{}", "text/json"),
    )
    assert [embeddings.obstacle(turn) for turn in garbage] == [""] * 3
    chats = all_dialects()["openai_chat"]
    assert chats.obstacle(reply.chat(finish="paused")).endswith("a turn that pauses")
    assert chats.obstacle(reply.chat(finish="malformed_call")).endswith("a call that can't be read")
