"""The contracts' schemas as cases use them: valid values have no violations, and each violation names its place."""

from typing import Any

import pytest

from hopcheck import contract_violations
from hopcheck_contracts.violations import MAX_VIOLATIONS

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


def boundary_of(schema: str) -> str:
    return "llm-proxy" if schema == "LLMModels" else "openai-compatible"


def with_message(**fields: Any) -> Any:
    return {**CHAT, "choices": [{**CHOICE, "message": {**MESSAGE, **fields}}]}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("ChatCompletion", CHAT),
        ("ChatCompletion", {**CHAT, "usage": None, "x_vendor": [1]}),
        ("ChatCompletion", {**CHAT, "usage": {**USAGE, "prompt_tokens_details": None}, "choices": []}),
        ("ChatCompletion", with_message(content=None, tool_calls=[CALL], refusal=None)),
        ("ChatCompletionChunk", CHUNK),
        ("ChatCompletionChunk", {**CHUNK, "choices": [], "usage": USAGE}),
        (
            "ChatCompletionChunk",
            {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": None, "logprobs": None}]},
        ),
        ("Error", {"error": {"message": "no", "type": "server_error"}}),
        ("Error", {"error": {"message": "no", "type": "server_error", "param": None, "code": "429"}}),
        ("Model", MODEL),
        ("ModelList", {"object": "list", "data": [MODEL]}),
        ("LLMModels", [{"id": "m", "name": "M", "provider": "p", "context_length": None, "is_available": True}]),
        ("EmbeddingList", EMBEDDINGS),
        ("EmbeddingList", {**EMBEDDINGS, "data": [{**VECTOR, "embedding": "AACAPw=="}]}),
    ],
)
def test_valid_values_have_no_violations(schema: str, value: Any) -> None:
    assert contract_violations(schema, value, boundary_of(schema)) == []


@pytest.mark.parametrize(
    ("schema", "value", "where"),
    [
        ("ChatCompletion", None, "the body"),
        ("ChatCompletion", {**CHAT, "id": ""}, "id"),
        ("ChatCompletion", {**CHAT, "object": "chat"}, "object"),
        ("ChatCompletion", {**CHAT, "created": 1.5}, "created"),
        ("ChatCompletion", {**CHAT, "created": True}, "created"),
        ("ChatCompletion", {**CHAT, "choices": {}}, "choices"),
        ("ChatCompletion", {**CHAT, "usage": {**USAGE, "total_tokens": None}}, "usage.total_tokens"),
        ("ChatCompletion", with_message(content=["Hello."]), "choices[0].message.content"),
        ("ChatCompletion", with_message(tool_calls=[{**CALL, "id": ""}]), "choices[0].message.tool_calls[0].id"),
        ("ChatCompletionChunk", {**CHUNK, "choices": [{"index": 0}]}, "choices[0]: delta"),
        ("ChatCompletionChunk", {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": ""}]}, "choices[0]"),
        ("Error", {"detail": "Not Found"}, "the body: error"),
        ("Error", {"error": {"message": "no", "type": "x", "code": 429}}, "error.code"),
        ("Model", {**MODEL, "created": None}, "created"),
        ("ModelList", [MODEL], "the body"),
        ("LLMModels", {"models": []}, "the body"),
        ("EmbeddingList", {**EMBEDDINGS, "data": [{**VECTOR, "embedding": [True]}]}, "data[0].embedding[0]"),
        ("EmbeddingList", {**EMBEDDINGS, "data": [{**VECTOR, "embedding": None}]}, "data[0].embedding"),
    ],
)
def test_a_violation_names_its_place(schema: str, value: Any, where: str) -> None:
    violations = contract_violations(schema, value, boundary_of(schema))
    assert [violation.startswith(where) for violation in violations] == [True], violations


def test_many_equal_violations_are_cut() -> None:
    assert len(contract_violations("ModelList", {"object": "list", "data": [{}] * 100})) <= MAX_VIOLATIONS
