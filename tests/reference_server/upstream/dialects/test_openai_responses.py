"""The dialect of OpenAI's Responses API, as the official client and the contract see it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
from openai import AsyncOpenAI, NotFoundError, RateLimitError

from hopcheck_contracts.grammar.responses import check_stream
from hopcheck_contracts.schemas import validate_raw_response
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.script import reply

PATH = "/v1/responses"
REQUEST = {"model": "gpt", "input": "hopcheck:a.b~~chat:1"}
USAGE = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
CALLS = (reply.call("look_up", '{"q"', ':"a"}', id="call_1"), reply.call("wait", id="call_2"))
STORIES = {
    "text": reply.chat("Hel", "lo"),
    "calls": reply.chat("Hel", tools=CALLS),
    "reasoning": reply.chat("Hello", reasoning=("Let me", " see"), signature="c2ln", usage=USAGE),
    "empty": reply.chat(),
    "refusal": reply.chat(message={"refusal": "No."}),
    "refused": reply.chat("No.", finish="refused"),
    "length": reply.chat("Hel", finish="length"),
    "filtered": reply.chat("Hel", finish="content_filter"),
    "no usage": reply.chat("Hel", usage=None),
}
FAILING = reply.chat("Hel", "lo", failure=reply.error_story(429, {"message": "busy"}))


@asynccontextmanager
async def client_of(upstream):
    async with AsyncOpenAI(base_url=f"{upstream.url}/v1", api_key="k-1", max_retries=0) as client:
        yield client


def create(wire, turn, **fields):
    async def act(upstream):
        async with client_of(upstream) as client:
            return await client.responses.create(**{**REQUEST, **fields})

    return wire.serve({"a.b": turn}, act)


def stream(wire, turn):
    async def act(upstream):
        async with client_of(upstream) as client, client.responses.stream(**REQUEST) as stream:
            kinds = [event.type async for event in stream]
            return kinds, await stream.get_final_response()

    return wire.serve({"a.b": turn}, act)


def raw(wire, turn, **fields):
    return wire.serve({"a.b": turn}, lambda upstream: wire.ask(upstream, {**REQUEST, **fields}, path=PATH))


def test_text(wire):
    response = create(wire, reply.chat("Hel", "lo"))
    assert response.output_text == "Hello"
    assert (response.model, response.status, response.usage.total_tokens) == ("gpt", "completed", 18)
    assert response.id.removeprefix("resp_") == response._request_id.removeprefix("req_")


def test_a_stream_of_text(wire):
    kinds, response = stream(wire, reply.chat("Hel", "lo"))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert response.output_text == "Hello"


def test_calls(wire):
    for response in (create(wire, STORIES["calls"]), stream(wire, STORIES["calls"])[1]):
        found = [(one.call_id, one.name, one.arguments) for one in response.output[1:]]
        assert found == [("call_1", "look_up", '{"q":"a"}'), ("call_2", "wait", "")]


def test_reasoning_and_usage(wire):
    for response in (create(wire, STORIES["reasoning"]), stream(wire, STORIES["reasoning"])[1]):
        thought, message = response.output
        assert (thought.summary[0].text, thought.encrypted_content) == ("Let me see", "c2ln")
        assert message.content[0].text == "Hello"
        usage = response.usage
        assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (131, 100)
        assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (37, 30)


@pytest.mark.parametrize(
    ("story", "status", "reason"),
    [("length", "incomplete", "max_output_tokens"), ("filtered", "incomplete", "content_filter")],
)
def test_incomplete(wire, story, status, reason):
    response = create(wire, STORIES[story])
    assert (response.status, response.incomplete_details.reason) == (status, reason)


@pytest.mark.parametrize("story", ["refusal", "refused"])
def test_refusals(wire, story):
    assert create(wire, STORIES[story]).output[0].content[0].refusal == "No."


def test_a_failure_ends_the_stream(wire):
    response = raw(wire, FAILING, stream=True)
    assert check_stream(response.body) == []
    last = json.loads(response.body.rstrip().rpartition(b"data: ")[2])
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": "rate_limit_exceeded", "message": "busy"}


def test_a_failure_of_a_whole_response_is_an_error(wire):
    with pytest.raises(RateLimitError, match="busy"):
        create(wire, FAILING)


def test_errors(wire):
    with pytest.raises(RateLimitError) as caught:
        create(wire, reply.status(429, {"code": "slow_down"}, headers={"retry-after": "7"}))
    assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("slow_down", "7")
    with pytest.raises(NotFoundError):
        create(wire, reply.Turn(), model="hopcheck-no-such-model")


@pytest.mark.parametrize("story", STORIES)
def test_the_contract(wire, story):
    whole = raw(wire, STORIES[story])
    assert validate_raw_response("openai-responses", "POST", PATH, 200, whole.headers.items(), whole.body) == []
    streamed = raw(wire, STORIES[story], stream=True)
    assert validate_raw_response("openai-responses", "POST", PATH, 200, streamed.headers.items(), streamed.body) == []
    assert check_stream(streamed.body) == []


@pytest.mark.parametrize(
    "turn",
    [
        reply.chat(choices=[reply.choice("a"), reply.choice("b")]),
        reply.chat("a", finish="paused"),
        reply.chat("a", usage_on_last_content=True),
        reply.chat(tools=CALLS, interleave=True),
        reply.chat("a", message={"annotations": []}),
        reply.chat("a", extra={"x": 1}),
    ],
)
def test_what_cannot_be_expressed(turn):
    assert all_dialects()["openai_responses"].obstacle(turn)


REFUSED = [{"input": "x"}, *({"model": "gpt", **more} for more in ({}, {"input": []}, {"input": 7}))]


@pytest.mark.parametrize("body", [*REFUSED, {"model": "gpt", "input": {"a": 1}, "previous_response_id": "resp_1"}])
def test_what_the_provider_refuses(wire, body):
    response = wire.serve({}, lambda upstream: wire.ask(upstream, body, path=PATH))
    assert response.status == 400
    assert validate_raw_response("openai-responses", "POST", PATH, 400, response.headers.items(), response.body) == []


def test_reading_a_request():
    read = all_dialects()["openai_responses"].read(
        PATH,
        {
            "model": "gpt",
            "instructions": "Be brief.",
            "max_output_tokens": 9,
            "input": [
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
                {"type": "function_call_output", "call_id": "c", "output": "sunny"},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": "required",
        },
    )
    assert read.system == ("Be brief.", "Be kind.")
    assert [(part.kind, part.text, part.arguments) for turn in read.turns for part in turn.parts] == [
        ("text", "Hi", None),
        ("call", "", {"a": 1}),
        ("result", "sunny", None),
    ]
    assert (read.tools[0].name, read.tool_choice, read.parameters) == ("f", "required", {"max_tokens": 9})


def about(wire, method, rest):
    return wire.serve({}, lambda upstream: wire.ask(upstream, b"", method=method, path=f"{PATH}/{rest}"))


def test_what_is_stored_is_answered_under_the_id_asked_for(wire):
    asked = about(wire, "GET", "resp_hop12?include=x").json
    assert (asked["id"], asked["status"], asked["output"][0]["id"]) == ("resp_hop12", "completed", "msg_hop12")
    assert about(wire, "POST", "resp_hop12/cancel").json["status"] == "cancelled"
    assert about(wire, "GET", "resp_hop12/input_items").json["data"][0]["role"] == "user"
    assert about(wire, "DELETE", "resp_hop12").json == {
        "id": "resp_hop12",
        "object": "response.deleted",
        "deleted": True,
    }


@pytest.mark.parametrize(
    ("method", "rest", "status"),
    [("GET", "resp_other", 404), ("PUT", "resp_hop12", 405), ("GET", "resp_hop12/other", 404), ("GET", "", 404)],
)
def test_what_is_not_stored(wire, method, rest, status):
    assert about(wire, method, rest).status == status
