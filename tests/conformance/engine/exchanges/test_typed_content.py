"""Messages and responses have the same content in one piece and as a stream, and what differs shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck import reply
from hopcheck.engine.exchanges.message import Message
from hopcheck.engine.exchanges.typed_content import message_content, response_content
from hopcheck.engine.exchanges.typed_fidelity import typed_differences, typed_level
from hopcheck_contracts.documents import surface_of
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.responder import Responder
from hopcheck_server.upstream.script.marker import find_script
from hopcheck_server.upstream.script.reply import script_of

MARKER = "hopcheck:a.b~~chat:1"
CALLS = (reply.call("look_up", '{"q": ', '"x"}'), reply.call("look_up", '{"q": "y"}', id="call_hop2"))
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
STORIES = {
    "text": reply.chat("Hel", "lo", usage=USAGE),
    "calls": reply.chat("So:", tools=CALLS),
    "thinking": reply.chat("Hello", reasoning=("Let me", " see"), signature="c2ln"),
    "length": reply.chat("Hel", finish="length"),
}
PATHS = {"/v1/messages": message_content, "/v1/responses": response_content}


def given(path: str, story: Any, *, stream: bool) -> Message:
    responder = Responder({"a.b": script_of(story)}, Journal())
    body = f'{{"model": "m", "stream": {"true" if stream else "false"}, "input": "{MARKER}"}}'.encode()
    arrival = Arrival("POST", path, [], body)
    arrival.marker, arrival.script = find_script(body)
    rendered, _ = responder.respond(arrival)
    media_type = "text/event-stream" if rendered.stream else "application/json"
    return Message(200, [("content-type", media_type)], b"".join(rendered.pieces))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("story", STORIES)
def test_a_stream_has_the_content_of_a_response_in_one_piece(path: str, story: str) -> None:
    read = PATHS[path]
    whole, streamed = (read(given(path, STORIES[story], stream=stream)) for stream in (False, True))
    assert {name: streamed[name] for name in whole} == whole
    assert whole.get("content") or whole["output"]


def test_a_response_s_stream_has_its_output_three_times() -> None:
    content = response_content(given("/v1/responses", STORIES["calls"], stream=True))
    assert content["items"] == content["output"]
    assert content["pieces"] == [
        {"output_text 0": "So:"},
        {"function_call_arguments 0": '{"q": "x"}'},
        {"function_call_arguments 0": '{"q": "y"}'},
    ]


def test_unknown_deltas_and_citations_are_kept() -> None:
    events = (
        '{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}',
        '{"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"a": 1}}}',
        '{"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "b": 2}}',
        '{"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}}',
        "[]",
    )
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    content = message_content(Message(200, [("content-type", "text/event-stream")], body))
    assert content["content"] == [
        {"type": "text", "citations": [{"a": 1}], "deltas": [{"type": "new_delta", "b": 2}]},
        {"input": "{"},
    ]


def causes(path: str, before: str, after: str, **options: Any) -> dict[str, str]:
    messages = [given(path, STORIES[name], stream=True) for name in (before, after)]
    found = typed_differences(surface_of(path), *messages, options.get("dialect"), reasons=options.get("reasons", True))
    return {one.cause: typed_level(one) for one in found}


def test_what_differs() -> None:
    assert causes("/v1/messages", "text", "text") == {}
    assert causes("/v1/messages", "text", "length") == {
        "content[].text is changed": "MUST",
        "stop_reason is changed": "MUST",
        "usage.input_tokens is changed": "MUST",
        "usage.cache_read_input_tokens is missing": "MUST",
        "usage.output_tokens is changed": "MUST",
    }
    lost = causes("/v1/responses", "length", "text")
    assert lost["status is changed"] == lost["incomplete_details is missing"] == "MUST"
    assert lost["items[].status is changed"] == "SHOULD"


def test_signatures_and_declared_reasoning() -> None:
    gemini = all_dialects()["gemini"]
    assert "content[] is missing" in causes("/v1/messages", "thinking", "text")
    assert "content[] is added" in causes("/v1/messages", "text", "calls")
    for path in PATHS:
        lost = causes(path, "thinking", "thinking", dialect=gemini)
        assert lost == {}
        for reasons in (True, False):
            found = causes(path, "thinking", "text", dialect=gemini, reasons=reasons)
            assert any("[] is missing" in one for one in found) is reasons


def test_behind_another_dialect_arguments_are_values_usage_sums() -> None:
    ollama = all_dialects()["ollama"]
    calls = {"a": reply.call("look_up", '{"q": ', '"x"}'), "b": reply.call("look_up", '{ "q":"x" }', id="other")}
    stories = {name: reply.chat(tools=[call]) for name, call in calls.items()}
    cached = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    stories |= {
        "c": reply.chat("Hi", usage=cached),
        "d": reply.chat("Hi", usage={**cached, "prompt_tokens_details": {}}),
    }
    for path in PATHS:
        for pair in (("a", "b"), ("c", "d")):
            messages = [given(path, stories[name], stream=True) for name in pair]
            assert list(typed_differences(surface_of(path), *messages, ollama, reasons=True)) == []
            assert list(typed_differences(surface_of(path), *messages, None, reasons=True)) != []


def _streamed(*events: Any) -> Message:
    text = "".join(f"data: {json.dumps(one)}\n\n" for one in events)
    return Message(200, [("content-type", "text/event-stream")], text.encode())


START = {"type": "content_block_start", "index": [0], "content_block": {"text": {"a": 1}, "partial_json": 7}}


def _delta(**delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": [0], "delta": delta}


@pytest.mark.parametrize(
    ("deltas", "block"),
    [
        ([], {"text": {"a": 1}, "input": 7}),
        ([_delta(type="text_delta", text="b")], {"text": "b", "input": 7}),
        ([_delta(type=["text_delta"])], {"text": {"a": 1}, "input": 7, "deltas": [{"type": ["text_delta"]}]}),
        ([_delta(type="input_json_delta", partial_json='{"b": 2}')], {"text": {"a": 1}, "input": {"b": 2}}),
        ([_delta(type="citations_delta", citation=5)], {"text": {"a": 1}, "input": 7, "citations": [5]}),
    ],
)
def test_odd_values_of_a_message_s_stream_are_its_content(deltas: list[Any], block: Any) -> None:
    assert message_content(_streamed(START, *deltas))["content"] == [block]


def test_odd_values_of_a_response_s_stream_are_its_content() -> None:
    pieces = [{"type": "response.output_text.delta", "output_index": {"a": 1}, "delta": one} for one in ("a", 5, "b")]
    content = response_content(_streamed(*pieces, {"type": "response.completed", "response": {"output": 1.5}}))
    assert content["pieces"] == [{"output_text 0": "ab"}]
    assert content["output"] == []


@pytest.mark.parametrize("path", PATHS)
def test_odd_usages_and_types_are_compared_across_dialects(path: str) -> None:
    wanted = given(path, STORIES["text"], stream=False)
    items = [{"type": {"a": 1}}, 5]
    odd = Message(200, wanted.headers, json.dumps({"usage": {"input_tokens": [1]}, "content": items}).encode())
    found = typed_differences(surface_of(path), wanted, odd, all_dialects()["gemini"], reasons=False)
    assert "usage.input_tokens is changed" in [one.cause for one in found]
