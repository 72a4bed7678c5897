"""What the dialect makes of a chat turn, as JSON and as a stream."""

from __future__ import annotations

import re
import time

import pytest

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

IDENTITY = ("id", "object", "created", "model")


def chunks_of(body):
    return [event.json for event in sse.parse(body) if not event.is_done]


def deltas(body, index=0):
    choices = [choice for chunk in chunks_of(body) for choice in chunk["choices"]]
    return [choice["delta"] for choice in choices if choice["index"] == index]


def play(wire, sent, **fields):
    return wire.serve({"a.b": sent}, lambda upstream: wire.ask(upstream, wire.marked(**fields)))


def test_json_answer(wire):
    before = int(time.time())
    got = play(wire, reply.chat("Hel", "lo"))
    sent = got.json
    assert got.status == 200
    assert got.headers["content-type"] == "application/json"
    assert int(got.headers["content-length"]) == len(got.body)
    assert tuple(sent) == (*IDENTITY, "choices", "usage")
    assert sent["id"].startswith("chatcmpl-hop")
    assert (sent["object"], sent["model"], sent["usage"]) == ("chat.completion", "m", reply.USAGE)
    assert isinstance(sent["created"], int)
    assert before <= sent["created"] <= int(time.time())
    message = {"role": "assistant", "content": "Hello", "refusal": None}
    assert sent["choices"] == [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]


def test_stream(wire):
    got = play(wire, reply.chat("Hel", "lo"), stream=True)
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in got.headers
    chunks = chunks_of(got.body)
    assert len({tuple(chunk[name] for name in IDENTITY) for chunk in chunks}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk"
    assert deltas(got.body) == [{"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"}, {}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert not any("usage" in chunk for chunk in chunks)
    assert got.body.endswith(b"\n\ndata: [DONE]\n\n")


def test_each_event_is_a_chunk_of_its_own(wire):
    request = wire.request(wire.marked(stream=True), headers={"connection": "close"})
    seen = wire.serve({"a.b": reply.chat("Hel", "lo")}, lambda upstream: wire.raw(upstream, request))
    assert [len(sse.parse(chunk)) for chunk in wire.dechunk(seen.body)[0]] == [1] * 5


def test_usage_is_streamed_when_asked_for(wire):
    got = play(wire, reply.chat("x"), stream=True, stream_options={"include_usage": True})
    *others, last = chunks_of(got.body)
    assert (last["choices"], last["usage"]) == ([], reply.USAGE)
    assert [chunk["usage"] for chunk in others] == [None] * 3


def test_usage_on_the_last_content_chunk(wire):
    sent = reply.chat("x", usage_on_last_content=True)
    got = play(wire, sent, stream=True, stream_options={"include_usage": True})
    assert [chunk["usage"] for chunk in chunks_of(got.body)] == [None, None, reply.USAGE]


def test_usage_can_be_left_out(wire):
    assert "usage" not in play(wire, reply.chat("x", usage=None)).json
    got = play(wire, reply.chat("x", usage=None), stream=True, stream_options={"include_usage": True})
    assert not any("usage" in chunk for chunk in chunks_of(got.body))


def test_tool_calls(wire):
    sent = reply.chat(tools=[reply.call("weather", '{"city": ', '"Ålesund"}')])
    choice = play(wire, sent).json["choices"][0]
    function = {"name": "weather", "arguments": '{"city": "Ålesund"}'}
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [{"id": "call_hop1", "type": "function", "function": function}]
    assert choice["finish_reason"] == "tool_calls"
    streamed = play(wire, sent, stream=True)
    assert "Ålesund".encode() in streamed.body
    first = {"index": 0, "id": "call_hop1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    assert deltas(streamed.body) == [
        {"role": "assistant", "content": None},
        {"tool_calls": [first]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": '}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Ålesund"}'}}]},
        {},
    ]


@pytest.mark.parametrize(("interleave", "order"), [(False, [0, 0, 1, 1]), (True, [0, 1, 0, 1])])
def test_calls_follow_one_another_or_alternate(wire, interleave, order):
    sent = reply.chat(tools=[reply.call("a", "{}", id="1"), reply.call("b", "{}", id="2")], interleave=interleave)
    seen = [
        delta["tool_calls"][0]["index"] for delta in deltas(play(wire, sent, stream=True).body) if "tool_calls" in delta
    ]
    assert seen == order


@pytest.mark.parametrize(("interleave", "order"), [(False, [0, 0, 0, 1, 1, 1]), (True, [0, 1, 0, 1, 0, 1])])
def test_choices_follow_one_another_or_alternate(wire, interleave, order):
    sent = reply.chat(choices=[reply.choice("a"), reply.choice("b", finish="length")], interleave=interleave)
    chunks = chunks_of(play(wire, sent, stream=True).body)
    assert [chunk["choices"][0]["index"] for chunk in chunks] == order
    finishes = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert sorted(filter(None, finishes)) == ["length", "stop"]


def test_further_fields_of_the_message_have_deltas_of_their_own(wire):
    sent = reply.chat("x", message={"reasoning_content": "hm", "refusal": "no"})
    message = play(wire, sent).json["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "x", "reasoning_content": "hm", "refusal": "no"}
    seen = deltas(play(wire, sent, stream=True).body)
    assert seen[1:4] == [{"reasoning_content": "hm"}, {"refusal": "no"}, {"content": "x"}]


def test_logprobs_go_with_their_piece(wire):
    entries = [{"token": "a", "logprob": -0.25, "bytes": [97], "top_logprobs": []}, {"token": "b", "logprob": -1.0}]
    sent = reply.chat("a", "b", logprobs=entries)
    assert play(wire, sent).json["choices"][0]["logprobs"] == {"content": entries, "refusal": None}
    streamed = [chunk["choices"][0] for chunk in chunks_of(play(wire, sent, stream=True).body)]
    assert [choice.get("logprobs") for choice in streamed[1:3]] == [
        {"content": [one], "refusal": None} for one in entries
    ]


def test_extra_fields_may_replace_the_identity(wire):
    sent = reply.chat("x", extra={"service_tier": "flex", "model": "m-2025-01-01"})
    body = play(wire, sent).json
    assert (body["service_tier"], body["model"]) == ("flex", "m-2025-01-01")
    for chunk in chunks_of(play(wire, sent, stream=True).body):
        assert (chunk["service_tier"], chunk["model"]) == ("flex", "m-2025-01-01")


def test_literal_events(wire):
    own = {"id": "chatcmpl-own", **reply.delta(content="x")}
    error = {"error": {"message": "overloaded"}}
    got = play(wire, reply.events(": hello\n\n", own, reply.delta(finish="stop"), error))
    events = sse.parse(got.body)
    assert events[0].comments == ("hello",)
    assert [tuple(event.json)[:4] for event in events[1:3]] == [IDENTITY] * 2
    assert events[1].json["id"] == "chatcmpl-own"
    assert events[2].json["id"].startswith("chatcmpl-hop")
    assert events[3].json == error
    assert events[4].is_done


@pytest.mark.parametrize("times", [0, 1, 2])
def test_done_is_sent_as_often_as_scripted(wire, times):
    got = play(wire, reply.chat("x", done=times), stream=True)
    assert [event.is_done for event in sse.parse(got.body)].count(True) == times


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(wire, end):
    got = play(wire, reply.chat("x", line_end=end), stream=True)
    assert len(sse.parse(got.body)) == 4
    assert got.body.endswith(f"data: [DONE]{end}{end}".encode())
    assert set(got.body.decode()) & {"\r", "\n"} == set(end)


def test_ids_depend_on_marker_and_attempt_alone(wire):
    async def act(upstream):
        first = [(await wire.ask(upstream, wire.marked(nonce=nonce))).json["id"] for nonce in "112"]
        upstream.forget("hopcheck:a.b~~chat:1")
        upstream.load({})
        return first, (await wire.ask(upstream, wire.marked(nonce="1"))).json["id"]

    (one, again, other), anew = wire.serve({"a.b": reply.chat("x")}, act)
    assert len({one, again, other}) == 3
    assert anew == one


def test_statuses_and_bodies(wire):
    got = play(wire, reply.status(429, {"code": "slow"}, headers={"Retry-After": "2"}), stream=True)
    assert (got.status, got.headers["retry-after"], got.json["error"]["code"]) == (429, "2", "slow")
    page = play(wire, reply.html())
    assert (page.status, page.headers["content-type"]) == (502, "text/html")
    assert page.body.startswith(b"<html>")
    assert play(wire, reply.raw(200, b'{"choices": [', "application/json")).body == b'{"choices": ['


def test_given_headers_replace_the_dialects_own(wire):
    sent = Turn(headers=(("X-Request-Id", "req_own"), ("Content-Type", "text/event-stream"), ("openai-version", "1")))
    for turn in (sent, reply.chat("x", headers=sent.headers)):
        got = wire.serve(
            {"a.b": turn},
            lambda upstream: wire.raw(upstream, wire.request(wire.marked(), headers={"connection": "close"})),
        )
        lines = got.head.lower().split(b"\r\n")
        assert lines.count(b"x-request-id: req_own") == 1
        assert lines.count(b"openai-version: 1") == 1
        assert [line for line in lines if line.startswith(b"content-type")] == [b"content-type: text/event-stream"]


@pytest.mark.parametrize("sent", [reply.raw(204, b"ignored", "text/plain"), reply.chat("x", status=204)])
@pytest.mark.parametrize("stream", [False, True])
def test_a_status_without_a_body(wire, sent, stream):
    got = play(wire, sent, stream=stream)
    assert (got.status, got.body) == (204, b"")
    assert "content-length" not in got.headers


def test_what_is_asked_again_gets_the_same_under_another_id(wire):
    async def act(upstream):
        connection = await wire.opened(upstream)
        got = []
        for _ in range(3):
            await connection.send_raw(wire.request(wire.chat("again 100%")))
            got.append(await wire.read(connection))
        connection.abort()
        return got

    got = wire.serve({}, act)
    assert [set(one.headers) for one in got] == [set(got[0].headers)] * 3
    assert [{**one.json, "created": 0, "id": ""} for one in got] == [{**got[0].json, "created": 0, "id": ""}] * 3
    assert len({one.json["id"] for one in got}) == 3
    assert all(int(one.headers["content-length"]) == len(one.body) for one in got)


def test_percent_signs_survive(wire):
    async def act(upstream):
        return [await wire.ask(upstream, wire.marked(nonce="1")) for _ in range(20)]

    got = wire.serve({"a.b": reply.chat("100% %b %d", headers=(("x-100", "%b"),))}, act)
    assert {one.json["choices"][0]["message"]["content"] for one in got} == {"100% %b %d"}
    assert {one.headers["x-100"] for one in got} == {"%b"}
    assert len({one.json["id"] for one in got}) == 20


def test_a_default_answer_can_have_any_status(wire):
    text = play(wire, Turn(status=203)).json["choices"][0]["message"]["content"]
    assert re.fullmatch(r"Hello from the hopcheck upstream\. [0-9a-f]+", text)
