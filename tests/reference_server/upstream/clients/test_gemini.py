"""Google's own client, as a client of the upstream."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from gemini_client import PROVIDER, asking, streamed, whole
from google.genai import types
from marker_text import MARKER, UNSCRIPTED

from hopcheck_server.upstream.dialects.gemini import DIALECT
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

SIGNATURE = base64.b64encode(b"signed").decode()
USAGE = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "total_tokens": 168,
    "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
CALLS = (reply.call("look_up", '{"q":', '"x"}'), reply.call("look_up", '{"q":"y"}', id="call_2"))
LOOK_UP = types.FunctionDeclaration(name="look_up", parameters_json_schema={"type": "object"})


def test_text(with_client) -> None:
    answer, (attempt,) = with_client(PROVIDER, reply.chat("Hel", "lo", usage=USAGE), asking(whole))
    assert (answer.text, answer.candidates[0].finish_reason) == ("Hello", types.FinishReason.STOP)
    used = answer.usage_metadata
    counts = used.prompt_token_count, used.cached_content_token_count, used.total_token_count
    assert counts == (131, 100, 168)
    assert (used.candidates_token_count, used.thoughts_token_count) == (7, 30)
    assert (attempt.path, attempt.header("x-goog-api-key")) == ("/v1/models/g:generateContent", "k-1")
    assert (attempt.model, attempt.key) == ("g", "k-1")


def test_stream(with_client) -> None:
    events, _ = with_client(PROVIDER, reply.chat("Hel", "lo", usage=USAGE), asking(streamed))
    assert [event.text for event in events] == ["Hel", "lo", ""]
    assert [event.candidates[0].finish_reason for event in events] == [None, None, types.FinishReason.STOP]
    assert [event.usage_metadata.total_token_count for event in events] == [131, 131, 168]


def test_a_stream_has_crlf_and_no_terminator(with_client) -> None:
    _, (attempt,) = with_client(PROVIDER, reply.chat("Hel", "lo"), asking(streamed))
    assert attempt.response.body.count(b"\r\n\r\n") == attempt.response.body.count(b"\n\r\n") == 3
    assert b"[DONE]" not in attempt.response.body


@pytest.mark.parametrize("ask", [whole, streamed])
def test_thoughts_and_calls(with_client, ask) -> None:
    turn = reply.chat("Well", reasoning=("Let me", " see"), signature=SIGNATURE, tools=CALLS)
    got, _ = with_client(PROVIDER, turn, asking(ask))
    events = got if isinstance(got, list) else [got]
    parts = [part for event in events for part in event.candidates[0].content.parts]
    assert "".join(part.text for part in parts if part.thought) == "Let me see"
    calls = [part for part in parts if part.function_call]
    assert [(one.function_call.name, one.function_call.args) for one in calls] == [
        ("look_up", {"q": "x"}),
        ("look_up", {"q": "y"}),
    ]
    assert [one.thought_signature for one in calls] == [b"signed", None]
    assert events[-1].candidates[0].finish_reason == types.FinishReason.STOP


@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_text_is_signed_where_nothing_is_called(with_client, ask) -> None:
    got, _ = with_client(PROVIDER, reply.chat("Well", signature=SIGNATURE), asking(ask))
    last = got[-1] if isinstance(got, list) else got
    assert last.candidates[0].content.parts[-1].thought_signature == b"signed"


@pytest.mark.parametrize("ask", [whole, streamed])
@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("length", "MAX_TOKENS"),
        ("context_exceeded", "MAX_TOKENS"),
        ("content_filter", "SAFETY"),
        ("refused", "PROHIBITED_CONTENT"),
        ("malformed_call", "MALFORMED_FUNCTION_CALL"),
    ],
)
def test_endings(with_client, ask, finish: str, reason: str) -> None:
    got, _ = with_client(PROVIDER, reply.chat("Hel", finish=finish), asking(ask))
    last = got[-1] if isinstance(got, list) else got
    assert last.candidates[0].finish_reason == types.FinishReason(reason)


@pytest.mark.parametrize("ask", [whole, streamed])
def test_several_candidates(with_client, ask) -> None:
    turn = reply.chat(choices=(reply.choice("a"), reply.choice("b", finish="length")), interleave=True)
    got, _ = with_client(PROVIDER, turn, asking(ask))
    candidates = [one for event in (got if isinstance(got, list) else [got]) for one in event.candidates]
    texts = {index: "".join(one.content.parts[0].text for one in candidates if one.index == index) for index in (0, 1)}
    assert texts == {0: "a", 1: "b"}
    ends = {one.index: one.finish_reason for one in candidates if one.finish_reason}
    assert ends == {0: types.FinishReason.STOP, 1: types.FinishReason.MAX_TOKENS}


def test_the_default_answer_has_its_own_id(with_client) -> None:
    async def ask(models: Any) -> Any:
        return await models.generate_content(model="g", contents=UNSCRIPTED)

    answer, _ = with_client(PROVIDER, Turn(), asking(ask))
    assert answer.text.split()[-1] == answer.response_id.removeprefix("hop")


def test_a_count(with_client) -> None:
    async def ask(models: Any) -> Any:
        return await models.count_tokens(model="g", contents="Hello")

    counted, _ = with_client(PROVIDER, Turn(), asking(ask))
    assert counted.total_tokens == reply.USAGE["prompt_tokens"]


def test_embeddings(with_client) -> None:
    async def ask(models: Any) -> tuple[Any, Any, Any]:
        config = types.EmbedContentConfig(output_dimensionality=3)
        two = await models.embed_content(model="e", contents=["one", "two"], config=config)
        again = await models.embed_content(model="e", contents=["two"], config=config)
        scripted = await models.embed_content(model="e", contents=[MARKER, "two"])
        return two, again, scripted

    (two, again, scripted), _ = with_client(PROVIDER, reply.embedding((0.5, 1.0)), asking(ask))
    first, second = (one.values for one in two.embeddings)
    assert len(first) == 3
    assert first != second == again.embeddings[0].values
    assert [one.values for one in scripted.embeddings] == [[0.5, 1.0]] * 2


def test_what_is_asked_is_read(with_client) -> None:
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        max_output_tokens=9,
        stop_sequences=["END"],
        tools=[types.Tool(function_declarations=[LOOK_UP])],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["look_up"]
            )
        ),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    turns = [
        types.Content(role="user", parts=[types.Part(text=MARKER), types.Part.from_bytes(data=b"x", mime_type="a/b")]),
        types.Content(role="model", parts=[types.Part.from_function_call(name="look_up", args={"q": "x"})]),
        types.Content(role="user", parts=[types.Part.from_function_response(name="look_up", response={"r": "42"})]),
    ]

    async def ask(models: Any) -> Any:
        return await models.generate_content(model="g", contents=turns, config=config)

    _, (attempt,) = with_client(PROVIDER, reply.chat("Hello"), asking(ask))
    read = DIALECT.read(attempt.path, attempt.json)
    assert read is not None
    assert (read.model, read.system, read.tool_choice) == ("g", ("Be brief.",), "look_up")
    assert read.parameters == {"max_tokens": 9, "stop": ["END"]}
    assert [(tool.name, tool.parameters) for tool in read.tools] == [("look_up", {"type": "object"})]
    assert [(turn.role, [part.kind for part in turn.parts]) for turn in read.turns] == [
        ("user", ["text", "image"]),
        ("assistant", ["call"]),
        ("user", ["result"]),
    ]
    assert read.turns[0].parts[1].text == "data:a/b;base64,eA=="
    assert read.turns[2].parts[0].text == "42"


def test_a_stream_that_is_not_asked_for_as_events_is_an_array(wire) -> None:
    payload, path = {"contents": [{"parts": [{"text": MARKER}]}]}, "/v1beta/models/g:streamGenerateContent"
    ask = wire.ask
    got = wire.serve({"a.b": reply.chat("Hel", "lo")}, lambda upstream: ask(upstream, payload, path=path))
    texts = [piece["candidates"][0]["content"]["parts"][0]["text"] for piece in got.json]
    assert (got.headers["content-type"], texts) == ("application/json; charset=UTF-8", ["Hel", "lo", ""])


@pytest.mark.parametrize(
    ("path", "contents"),
    [("/v1/models/g:generateContent", {"contents": [{"parts": [{"text": MARKER}]}]}), ("/api/chat", {"model": "m"})],
)
def test_texts_can_be_the_time_of_their_sending(wire, path: str, contents: Any) -> None:
    payload = {**contents, "messages": [{"role": "user", "content": MARKER}]}
    turn = reply.chat("Hel", "lo", stamps=True)
    got = wire.serve({"a.b": turn}, lambda upstream: wire.ask(upstream, payload, path=path))
    assert re.search(rb'": ?"0:\d+:1"', got.body)
    assert b"Hel" not in got.body
