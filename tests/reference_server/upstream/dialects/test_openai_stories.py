"""Reasoning, failures in a stream and errors, as OpenAI's chat completions have them."""

from __future__ import annotations

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.usage import Usage

THINKING = reply.chat("Hello", reasoning=("Let me", " think"))
FAILING = reply.chat("Hel", "lo", failure=reply.error_story(529, {"message": "busy"}))


def play(wire, sent, **fields):
    return wire.serve({"a.b": sent}, lambda upstream: wire.ask(upstream, wire.marked(**fields)))


def test_reasoning(wire):
    message = play(wire, THINKING).json["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Let me think", "Hello")
    events = sse.parse(play(wire, THINKING, stream=True).body)
    deltas = [event.json["choices"][0]["delta"] for event in events if not event.is_done]
    assert deltas[1:4] == [{"reasoning_content": "Let me"}, {"reasoning_content": " think"}, {"content": "Hello"}]


def test_a_stream_that_fails_ends_with_its_error(wire):
    events = [event.json for event in sse.parse(play(wire, FAILING, stream=True).body)]
    assert [event["choices"][0]["finish_reason"] for event in events[:-1]] == [None] * 3
    assert events[-1]["error"] == {"message": "busy", "type": "scripted_error", "param": None, "code": None}


def test_a_failure_without_a_stream_is_an_error(wire):
    got = play(wire, FAILING)
    assert (got.status, got.json["error"]["message"]) == (529, "busy")


def test_an_error_has_its_fields_in_order(wire):
    got = play(wire, reply.status(429, {"code": "slow", "more": 1}, headers={"Retry-After": "7"}))
    fields = b'"message": "scripted error 429", "type": "scripted_error", "param": null, "code": "slow", "more": 1'
    assert got.body == b'{"error": {%b}}' % fields
    assert list(got.headers)[:3] == ["x-request-id", "content-type", "retry-after"]


def test_an_error_has_the_content_type_of_its_script(wire):
    scripted = reply.status(400, headers={"Content-Type": "application/json; charset=utf-8"})
    got, _ = wire.play(scripted, loop="asyncio")
    lines = [line for line in got.head.split(b"\r\n") if line.lower().startswith(b"content-type:")]
    assert lines == [b"Content-Type: application/json; charset=utf-8"]


def test_usage_is_read_without_overlaps():
    counts = {
        "prompt_tokens": 131,
        "completion_tokens": 37,
        "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    usage = Usage.read(counts)
    assert usage == Usage(input=11, cached_read=100, cached_written=20, output=37, reasoning=30)
    assert usage.all_input == 131
    assert Usage.read({}) == Usage()
