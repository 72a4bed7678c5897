"""Generated chat answers are put in order, and a stream of one says in all what the answer says in one piece."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.fuzz import two_sides
from hopcheck.fuzz.generation.chat_responses import chunks_of, join_chunks, reconcile_fields
from hopcheck_contracts.grammar.chat import check_events
from hopcheck_contracts.schemas import validate_response
from hopcheck_contracts.sse import EventParser, event_of

CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"q":"é"}'}},
    {"id": "call_2", "type": "custom", "custom": {"name": "shell", "input": ""}},
]
MESSAGE: dict[str, Any] = {"role": "assistant", "content": "Hello, 👩‍🚀", "refusal": "No.", "tool_calls": CALLS}
LOGPROBS = {"content": [{"token": "Hello", "logprob": -0.5}]}


def made(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": list(choices), **more}


def choice(message: dict[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    return {"index": 7.0, "message": message, "finish_reason": finish, **more}


FULL = made(
    choice(MESSAGE, logprobs=LOGPROBS),
    usage={"prompt_tokens": 2, "completion_tokens": 3.0, "total_tokens": 99},
    system_fingerprint="fp",
)


def test_choices_are_as_many_as_asked_for_and_in_their_places() -> None:
    assert [one["index"] for one in reconcile_fields(FULL, 3)["choices"]] == [0, 1, 2]
    assert reconcile_fields(made(), 1)["choices"][0]["message"]["role"] == "assistant"


def test_what_one_field_says_of_another_is_true() -> None:
    body = reconcile_fields(FULL, 1)
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    older = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}}
    assert reconcile_fields(made(choice(older)), 1)["choices"][0]["finish_reason"] == "function_call"
    plain = {"role": "assistant", "content": ""}
    assert reconcile_fields(made(choice(plain, "tool_calls")), 1)["choices"][0]["finish_reason"] == "stop"
    assert validate_response("openai-compatible", "POST", "/v1/chat/completions", 200, body) == []


@pytest.mark.parametrize("cuts", [(), (1,), (3, 5)])
@pytest.mark.parametrize("usage", [True, False])
def test_joined_chunks_equal_the_completion(cuts: tuple[int, ...], usage: bool) -> None:
    body = reconcile_fields(FULL, 2)
    chunks = chunks_of(body, cuts, usage=usage)
    raw = b"".join(event_of(chunk).raw for chunk in chunks) + b"data: [DONE]\n\n"
    assert check_events(EventParser().feed(raw), n=2, wants_usage=usage or None) == []
    whole = join_chunks(chunks)
    assert two_sides.required_fields(whole)["choices"] == two_sides.required_fields(body)["choices"]
    assert whole["usage"] == (body["usage"] if usage else None)
    wanted = two_sides.optional_fields({**body, "usage": None})
    assert two_sides.optional_fields({**whole, "usage": None}) == wanted


def test_events_that_are_no_chunks_are_ignored() -> None:
    assert join_chunks([None, [], {"choices": None}, {"choices": [5]}])["choices"] == []
