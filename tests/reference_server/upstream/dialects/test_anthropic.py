"""Anthropic's dialect, as Anthropic's official client and its contract see it."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from anthropic import APIStatusError, AsyncAnthropic, OverloadedError, RateLimitError
from anthropic import NotFoundError as ModelNotFound

from hopcheck_contracts import sse
from hopcheck_contracts.schemas import named_schema, validate_raw_response
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.script import reply

CONTRACT = "anthropic-messages"
PATH = "/v1/messages"
MESSAGES = [{"role": "user", "content": "hopcheck:a.b~~chat:1"}]
REQUEST = {"model": "claude", "max_tokens": 99, "messages": MESSAGES}
USAGE = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
CALLS = (reply.call("look_up", '{"q"', ':"a"}', id="toolu_1"), reply.call("wait", id="toolu_2"))
THINKING = reply.chat("Hello", reasoning=("Let me", " see"), signature="c2ln", usage=USAGE)
STORIES = {
    "text": reply.chat("Hel", "lo"),
    "calls": reply.chat("Hel", tools=CALLS),
    "thinking": THINKING,
    "empty": reply.chat(),
    "failing": reply.chat("Hel", "lo", failure=reply.error_story(529, {"message": "busy"})),
}


@asynccontextmanager
async def client_of(upstream):
    async with AsyncAnthropic(base_url=upstream.url, api_key="k-1", max_retries=0) as client:
        yield client


def create(wire, turn, **fields):
    async def act(upstream):
        async with client_of(upstream) as client:
            return await client.messages.create(**REQUEST, **fields)

    return wire.serve({"a.b": turn}, act)


def stream(wire, turn):
    async def act(upstream):
        async with client_of(upstream) as client, client.messages.stream(**REQUEST) as stream:
            kinds = [event.type async for event in stream]
            return kinds, await stream.get_final_message()

    return wire.serve({"a.b": turn}, act)


def raw(wire, turn, **fields):
    return wire.serve({"a.b": turn}, lambda upstream: wire.ask(upstream, {**REQUEST, **fields}, path=PATH))


def test_text(wire):
    message = create(wire, reply.chat("Hel", "lo"))
    assert [block.text for block in message.content] == ["Hello"]
    assert (message.model, message.stop_reason, message.usage.input_tokens) == ("claude", "end_turn", 11)
    assert message.id.removeprefix("msg_") == message._request_id.removeprefix("req_")


def test_a_stream_of_text(wire):
    kinds, message = stream(wire, reply.chat("Hel", "lo"))
    assert [kind for kind in kinds if kind != "text"] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert (message.content[0].text, message.stop_reason, message.usage.output_tokens) == ("Hello", "end_turn", 7)


@pytest.mark.parametrize("ask", [create, lambda wire, turn: stream(wire, turn)[1]])
def test_parallel_calls(wire, ask):
    message = ask(wire, reply.chat("Hel", tools=CALLS))
    assert [block.type for block in message.content] == ["text", "tool_use", "tool_use"]
    assert [(call.id, call.name, call.input) for call in message.content[1:]] == [
        ("toolu_1", "look_up", {"q": "a"}),
        ("toolu_2", "wait", {}),
    ]
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("ask", [create, lambda wire, turn: stream(wire, turn)[1]])
def test_thinking_with_usage(wire, ask):
    message = ask(wire, THINKING)
    thinking, text = message.content
    assert (thinking.thinking, thinking.signature, text.text) == ("Let me see", "c2ln", "Hello")
    usage = message.usage
    counts = (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens)
    assert counts == (11, 100, 20, 37)
    assert usage.output_tokens_details.thinking_tokens == 30


@pytest.mark.parametrize(
    ("finish", "stop_reason"),
    [
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("refused", "refusal"),
        ("context_exceeded", "model_context_window_exceeded"),
        ("paused", "pause_turn"),
    ],
)
def test_endings(wire, finish, stop_reason):
    assert create(wire, reply.chat("Hel", finish=finish)).stop_reason == stop_reason
    assert stream(wire, reply.chat("Hel", finish=finish))[1].stop_reason == stop_reason


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [(429, RateLimitError, "rate_limit_error"), (529, OverloadedError, "overloaded_error")],
)
def test_errors(wire, status, error, kind):
    with pytest.raises(error) as caught:
        create(wire, reply.status(status, headers={"Retry-After": "7"}))
    assert caught.value.body["error"] == {"type": kind, "message": f"scripted error {status}"}
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id == caught.value.body["request_id"]


def test_an_error_in_a_stream(wire):
    with pytest.raises(APIStatusError) as caught:
        stream(wire, STORIES["failing"])
    assert caught.value.body["error"] == {"type": "overloaded_error", "message": "busy"}


def test_a_count(wire):
    async def act(upstream):
        async with client_of(upstream) as client:
            return await client.messages.count_tokens(model="claude", messages=MESSAGES)

    assert wire.serve({"a.b": reply.chat("x")}, act).input_tokens > len(MESSAGES[0]["content"]) // 4


def test_models(wire):
    async def act(upstream):
        async with client_of(upstream) as client:
            one = await client.models.retrieve("fake-model")
            with pytest.raises(ModelNotFound):
                await client.models.retrieve("none")
            return one.id, [model.id async for model in client.models.list()]

    one, all_ = wire.serve({}, act)
    assert one in all_


def test_the_default_response_ends_with_its_own_id(wire):
    message = create(wire, reply.Turn())
    assert message.content[0].text.split()[-1] == message.id.removeprefix("msg_hop")


@pytest.mark.parametrize(
    ("changed", "status", "kind"),
    [
        ({"model": "hopcheck-no-such-model"}, 404, "not_found_error"),
        ({"model": "claude-hopcheck-no-such-model"}, 404, "not_found_error"),
        ({"messages": []}, 400, "invalid_request_error"),
        ({"max_tokens": None}, 400, "invalid_request_error"),
    ],
)
def test_requests_that_it_refuses(wire, changed, status, kind):
    got = raw(wire, reply.Turn(), **changed)
    assert (got.status, got.json["error"]["type"]) == (status, kind)
    assert validate_raw_response(CONTRACT, "POST", PATH, status, list(got.headers.items()), got.body) == []


def test_an_unknown_path_has_its_error(wire):
    got = wire.serve({}, lambda upstream: wire.ask(upstream, REQUEST, path="/v1/messages/batches"))
    assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")


@pytest.mark.parametrize("name", STORIES)
def test_the_contract_holds(wire, name):
    got = raw(wire, STORIES[name])
    assert validate_raw_response(CONTRACT, "POST", PATH, got.status, list(got.headers.items()), got.body) == []
    events = list(sse.parse(raw(wire, STORIES[name], stream=True).body))
    assert all(event.event == event.json["type"] for event in events)
    schema = named_schema(CONTRACT, "StreamEvent")
    assert [violation for event in events for violation in schema.violations(event.json)] == []


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (reply.chat(choices=[reply.choice("a"), reply.choice("b")]), "exactly one choice"),
        (reply.chat("a", usage=None), "always reports usage"),
        (reply.chat("a", usage_on_last_content=True), "one place for usage"),
        (reply.chat("a", tools=CALLS, interleave=True), "one call after the other"),
        (reply.chat("a", finish="odd"), "no stop reason for 'odd'"),
        (reply.chat(tools=[reply.call("f", "[1]")]), "an object as their input"),
        (reply.chat("a", message={"refusal": "no"}), "no message field refusal"),
        (reply.chat("a", extra={"service_tier": "x"}), "no field service_tier"),
        (reply.chat("a", logprobs=[{}]), "no log probabilities"),
        (reply.embedding(), "no embeddings"),
    ],
)
def test_what_it_cannot_express(turn, reason):
    assert reason in all_dialects()["anthropic"].obstacle(turn)


def test_its_key_is_in_the_journal(wire):
    async def act(upstream):
        await wire.ask(upstream, REQUEST, path=PATH, headers={"x-api-key": "k-1"})
        return upstream.journal.attempts("hopcheck:a.b~~chat:1")[0].key

    assert wire.serve({}, act) == "k-1"
