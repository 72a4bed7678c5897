"""Ollama's own client, as a client of the upstream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from marker_text import MARKER, UNSCRIPTED
from ollama import AsyncClient, Options, ResponseError

from hopcheck_server.upstream.dialects.ollama import DIALECT
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

PROVIDER = "upstream/ollama"
MESSAGES = [{"role": "user", "content": MARKER}]
USAGE = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "total_tokens": 168,
    "prompt_tokens_details": {"cached_tokens": 100},
}
CALLS = (reply.call("look_up", '{"q":', '"x"}'), reply.call("look_up", '{"q":"y"}', id="call_2"))


def asking(ask: Callable[[AsyncClient], Awaitable[Any]], **options: Any) -> Callable[[str], Awaitable[Any]]:
    """Ask with a client of its own."""

    async def act(root: str) -> Any:
        async with AsyncClient(host=root, **options) as client:
            return await ask(client)

    return act


async def whole(client: AsyncClient) -> Any:
    return await client.chat("m", MESSAGES)


async def streamed(client: AsyncClient) -> list[Any]:
    return [one async for one in await client.chat("m", MESSAGES, stream=True)]


def test_text(with_client) -> None:
    key = {"Authorization": "Bearer k-1"}
    answer, (attempt,) = with_client(PROVIDER, reply.chat("Hel", "lo", usage=USAGE), asking(whole, headers=key))
    assert (answer.message.content, answer.done_reason) == ("Hello", "stop")
    assert (answer.prompt_eval_count, answer.eval_count) == (131, 37)
    assert (attempt.path, attempt.model, attempt.key) == ("/api/chat", "m", "k-1")
    assert answer.model == "m"


def test_stream(with_client) -> None:
    lines, (attempt,) = with_client(PROVIDER, reply.chat("Hel", "lo", usage=USAGE), asking(streamed))
    assert [line.message.content for line in lines] == ["Hel", "lo", ""]
    assert [line.done for line in lines] == [False, False, True]
    assert (lines[-1].done_reason, lines[-1].prompt_eval_count, lines[-1].eval_count) == ("stop", 131, 37)
    assert dict(attempt.response.headers)["content-type"] == "application/x-ndjson"


def test_streams_are_the_default(wire) -> None:
    payload = {"model": "m", "messages": MESSAGES}
    got = wire.serve({"a.b": reply.chat("Hello")}, lambda upstream: wire.ask(upstream, payload, path="/api/chat"))
    assert got.headers["content-type"] == "application/x-ndjson"
    assert len(got.body.splitlines()) == 2


@pytest.mark.parametrize("ask", [whole, streamed])
def test_thinking_and_calls(with_client, ask) -> None:
    turn = reply.chat("Well", reasoning=("Let me", " see"), tools=CALLS)
    got, _ = with_client(PROVIDER, turn, asking(ask))
    lines = got if isinstance(got, list) else [got]
    assert "".join(line.message.thinking or "" for line in lines) == "Let me see"
    calls = [call.function for line in lines for call in line.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in calls] == [("look_up", {"q": "x"}), ("look_up", {"q": "y"})]
    assert lines[-1].done_reason == "stop"


@pytest.mark.parametrize("ask", [whole, streamed])
@pytest.mark.parametrize(("finish", "reason"), [("length", "length"), ("context_exceeded", "length")])
def test_endings(with_client, ask, finish: str, reason: str) -> None:
    got, _ = with_client(PROVIDER, reply.chat("Hel", finish=finish), asking(ask))
    assert (got[-1] if isinstance(got, list) else got).done_reason == reason


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (reply.chat("x", finish="content_filter"), "no finish reason for content_filter"),
        (reply.chat("x", finish="paused"), "no finish reason for paused"),
        (reply.chat("x", signature="c2ln"), "no signature"),
        (reply.chat("x", done=2), "no terminator"),
        (reply.chat(tools=[reply.call("f", "{")]), "arguments as an object"),
        (reply.chat(choices=[reply.choice("a"), reply.choice("b")]), "exactly one choice"),
    ],
)
def test_what_it_has_no_form_for(with_client, turn: Turn, why: str) -> None:
    async def failing(client: AsyncClient) -> ResponseError:
        with pytest.raises(ResponseError) as caught:
            await whole(client)
        return caught.value

    seen, _ = with_client(PROVIDER, turn, asking(failing))
    assert seen.status_code == 501
    assert why in seen.error


def test_the_default_answer_has_an_id_of_its_own(with_client) -> None:
    async def ask(client: AsyncClient) -> list[str]:
        messages = [{"role": "user", "content": UNSCRIPTED}]
        return [(await client.chat("m", messages)).message.content or "" for _ in range(2)]

    texts, _ = with_client(PROVIDER, Turn(), asking(ask))
    assert len({text.split()[-1] for text in texts}) == 2


@pytest.mark.parametrize("ask", [whole, streamed])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503])
def test_errors(with_client, ask, status: int) -> None:
    async def failing(client: AsyncClient) -> ResponseError:
        with pytest.raises(ResponseError) as caught:
            await ask(client)
        return caught.value

    turn = reply.status(status, {"message": "No."}, headers={"Retry-After": "7"})
    seen, (attempt,) = with_client(PROVIDER, turn, asking(failing))
    assert (seen.status_code, seen.error) == (status, "No.")
    assert dict(attempt.response.headers)["Retry-After"] == "7"


def test_an_error_in_a_stream(with_client) -> None:
    async def failing(client: AsyncClient) -> tuple[list[str], ResponseError]:
        lines = await client.chat("m", MESSAGES, stream=True)
        texts = [(await anext(lines)).message.content or "" for _ in range(2)]
        with pytest.raises(ResponseError) as caught:
            await anext(lines)
        return texts, caught.value

    turn = reply.chat("Hel", "lo", failure=reply.error_story(500, {"message": "The model failed."}))
    (texts, seen), _ = with_client(PROVIDER, turn, asking(failing))
    assert (texts, seen.error, seen.status_code) == (["Hel", "lo"], "The model failed.", -1)


def test_a_model_that_is_not_there(with_client) -> None:
    async def failing(client: AsyncClient) -> list[ResponseError]:
        asked = [lambda: client.chat("hopcheck-no-such-model"), lambda: client.show("hopcheck-no-such-model")]
        seen = []
        for ask in asked:
            with pytest.raises(ResponseError) as caught:
                await ask()
            seen.append(caught.value)
        return seen

    seen, _ = with_client(PROVIDER, Turn(), asking(failing))
    assert {(one.status_code, one.error) for one in seen} == {(404, "model 'hopcheck-no-such-model' not found")}


def test_a_model_is_described(with_client) -> None:
    shown, _ = with_client(PROVIDER, Turn(), asking(lambda client: client.show("m")))
    assert {"completion", "tools"} <= set(shown.capabilities)


def test_embeddings(with_client) -> None:
    async def ask(client: AsyncClient) -> tuple[Any, Any, Any]:
        two = await client.embed("m", ["one", "two"], dimensions=3)
        again = await client.embed("m", "two", dimensions=3)
        return two, again, await client.embed("m", [MARKER, "two"])

    turn = reply.embedding((0.5, 1.0), usage={"prompt_tokens": 9, "total_tokens": 9})
    (two, again, scripted), _ = with_client(PROVIDER, turn, asking(ask))
    first, second = two.embeddings
    assert len(first) == 3
    assert first != second == again.embeddings[0]
    assert (scripted.embeddings, scripted.prompt_eval_count) == ([[0.5, 1.0]] * 2, 9)


def test_what_is_asked_is_read(with_client) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    call = {"id": "call_1", "function": {"name": "look_up", "arguments": {"q": "x"}}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": MARKER, "images": ["aGk="]},
        {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [call]},
        {"role": "tool", "content": "42", "tool_name": "look_up", "tool_call_id": "call_1"},
    ]

    async def ask(client: AsyncClient) -> Any:
        options = Options(num_predict=9, stop=["END"], num_ctx=64)
        return await client.chat("m", messages, tools=[tool], options=options, keep_alive="5m")

    _, (attempt,) = with_client(PROVIDER, reply.chat("Hello"), asking(ask))
    read = DIALECT.read(attempt.path, attempt.json)
    assert read is not None
    assert (read.model, read.system, read.stream) == ("m", ("Be brief.",), False)
    assert read.parameters == {"max_tokens": 9, "stop": ["END"], "num_ctx": 64, "keep_alive": "5m"}
    assert [(one.name, one.parameters["type"]) for one in read.tools] == [("look_up", "object")]
    assert [(turn.role, [part.kind for part in turn.parts]) for turn in read.turns] == [
        ("user", ["text", "image"]),
        ("assistant", ["reasoning", "call"]),
        ("user", ["result"]),
    ]
    assert read.turns[1].parts[1].arguments == {"q": "x"}
    assert (read.turns[2].parts[0].text, read.turns[2].parts[0].name) == ("42", "look_up")
