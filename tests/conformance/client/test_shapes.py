"""Shapes of answers: sound ones are taken whatever else they hold, and each fault is named by its place."""

from typing import Any

import pytest

from hopcheck.client import shapes

MESSAGE = {"role": "assistant", "content": "Hello."}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_735_689_600,
    "model": "m",
    "choices": [CHOICE],
}
CHUNK = {**CHAT, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
MODEL = {"id": "m", "object": "model", "created": 0, "owned_by": "somebody"}
VECTOR = {"object": "embedding", "index": 0, "embedding": [1, -0.5]}
EMBEDDINGS = {"object": "list", "data": [VECTOR], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}


def with_message(**fields: Any) -> Any:
    return {**CHAT, "choices": [{**CHOICE, "message": {**MESSAGE, **fields}}]}


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.chat_completion, CHAT),
        (shapes.chat_completion, {**CHAT, "usage": None, "x_vendor": [1]}),
        (shapes.chat_completion, {**CHAT, "usage": {**USAGE, "prompt_tokens_details": None}, "choices": []}),
        (shapes.chat_completion, with_message(content=None, tool_calls=[CALL], refusal=None)),
        (shapes.chat_chunk, CHUNK),
        (shapes.chat_chunk, {**CHUNK, "choices": [], "usage": USAGE}),
        (shapes.chat_chunk, {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": None, "logprobs": None}]}),
        (shapes.error, {"error": {"message": "no", "type": "server_error"}}),
        (shapes.error, {"error": {"message": "no", "type": "server_error", "param": None, "code": "429"}}),
        (shapes.model, MODEL),
        (shapes.model_list, {"object": "list", "data": [MODEL]}),
        (shapes.llm_models, [{"id": "m", "name": "M", "provider": "p", "context_length": None, "is_available": True}]),
        (shapes.embeddings, EMBEDDINGS),
        (shapes.embeddings, {**EMBEDDINGS, "data": [{**VECTOR, "embedding": "AACAPw=="}]}),
    ],
)
def test_sound_values_are_taken(shape: Any, value: Any) -> None:
    assert shape(value) == []


@pytest.mark.parametrize(
    ("shape", "value", "where"),
    [
        (shapes.chat_completion, None, "the body"),
        (shapes.chat_completion, {**CHAT, "id": ""}, "id"),
        (shapes.chat_completion, {**CHAT, "object": "chat"}, "object"),
        (shapes.chat_completion, {**CHAT, "created": 1.5}, "created"),
        (shapes.chat_completion, {**CHAT, "created": True}, "created"),
        (shapes.chat_completion, {**CHAT, "choices": {}}, "choices"),
        (shapes.chat_completion, {**CHAT, "usage": {**USAGE, "total_tokens": None}}, "usage.total_tokens"),
        (shapes.chat_completion, with_message(content=["Hello."]), "choices[0].message.content"),
        (shapes.chat_completion, with_message(tool_calls=[{**CALL, "id": ""}]), "choices[0].message.tool_calls[0].id"),
        (shapes.chat_chunk, {**CHUNK, "choices": [{"index": 0}]}, "choices[0].delta"),
        (shapes.chat_chunk, {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": ""}]}, "choices[0]"),
        (shapes.error, {"detail": "Not Found"}, "error"),
        (shapes.error, {"error": {"message": "no", "type": "x", "code": 429}}, "error.code"),
        (shapes.model, {**MODEL, "created": None}, "created"),
        (shapes.model_list, [MODEL], "the body"),
        (shapes.llm_models, {"models": []}, "the body"),
        (shapes.embeddings, {**EMBEDDINGS, "data": [{**VECTOR, "embedding": [True]}]}, "data[0].embedding[0]"),
        (shapes.embeddings, {**EMBEDDINGS, "data": [{**VECTOR, "embedding": None}]}, "data[0].embedding"),
    ],
)
def test_a_fault_is_named_by_its_place(shape: Any, value: Any, where: str) -> None:
    complaints = shape(value)
    assert [complaint.startswith(where) for complaint in complaints] == [True], complaints


def test_long_lists_of_the_same_fault_are_cut() -> None:
    assert len(shapes.model_list({"object": "list", "data": [{}] * 100})) == shapes.MOST
