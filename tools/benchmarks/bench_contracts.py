"""What it costs to hold messages against the contract: `nox -s bench`.

Asserts what comes out and no time: times are compared between commits. An event may cost 50 µs, read and judged.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hopcheck.client import Stream
from hopcheck.client.responses import SentRequest
from hopcheck.engine.wire_contracts import judge_exchanges
from hopcheck.engine.wire_origins import WireEvidence
from hopcheck_contracts.grammar.chat import check_stream
from hopcheck_contracts.schemas import validate_event, validate_response, validate_upstream_request

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": "fake-model"}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_tokens_details": {"cached_tokens": 0}}
LOGPROBS = {
    "content": [{"token": "Hel", "logprob": -0.5, "bytes": [72, 101, 108], "top_logprobs": []}],
    "refusal": None,
}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"q":'}}


def chunk(delta: Any, **choice: Any) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None, **choice}]}


EVENTS = {
    "content": chunk({"content": "Hello"}),
    "logprobs": chunk({"content": "Hel"}, logprobs=LOGPROBS),
    "tool call": chunk({"tool_calls": [CALL]}),
    "usage": {**HEAD, "choices": [], "usage": USAGE},
    "error": {"error": {"message": "The upstream broke off.", "type": "server_error", "param": None, "code": None}},
    "broken": {**chunk({"content": 5, "role": "user"}), "created": "now"},
}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True, "temperature": 0}
MESSAGE = {"role": "assistant", "content": "Hello", "refusal": None}
ANSWER = {
    **HEAD,
    "object": "chat.completion",
    "choices": [{"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}],
    "usage": USAGE,
}
STREAM = "".join(
    f"data: {json.dumps(one)}\n\n"
    for one in [
        chunk({"role": "assistant", "content": ""}),
        *[EVENTS["content"]] * 100,
        chunk({}, finish_reason="stop"),
        EVENTS["usage"],
    ]
).encode()


@pytest.mark.parametrize("kind", EVENTS)
def test_event(benchmark: Any, kind: str) -> None:
    violations = benchmark(validate_event, "openai-compatible", json.dumps(EVENTS[kind]))
    assert bool(violations) is (kind == "broken")


def test_answer(benchmark: Any) -> None:
    path = "/v1/chat/completions"
    assert benchmark(validate_response, "openai-compatible", "POST", path, 200, ANSWER) == []


def test_upstream_request(benchmark: Any) -> None:
    assert benchmark(validate_upstream_request, "/v1/chat/completions", ASKED) == []


def test_grammar_of_a_hundred_events(benchmark: Any) -> None:
    assert benchmark(check_stream, STREAM + b"data: [DONE]\n\n", n=1, wants_usage=True) == []


def test_a_case_with_a_stream_of_a_hundred_events(benchmark: Any) -> None:
    sent = SentRequest("", "POST", "http://127.0.0.1/v1/chat/completions", (), json.dumps(ASKED).encode(), 0)
    streamed = Stream(sent, 200, [("Content-Type", "text/event-stream")], [(1, STREAM)], "complete")
    found = benchmark(lambda: asyncio.run(judge_exchanges(WireEvidence([streamed], []))))
    assert (found.occurrences, found.judged.total() > 1) == ([], True)
