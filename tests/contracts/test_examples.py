"""Every example in the documents is one, and the official client can read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai.types import CompletionUsage, CreateEmbeddingResponse, Embedding, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage, ChatCompletionTokenLogprob
from openai.types.chat.chat_completion import Choice, ChoiceLogprobs
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall
from openai.types.shared import ErrorObject
from pydantic import BaseModel

from hopcheck_contracts.documents import BOUNDARIES, CONTRACTS, Boundary, Contract, document, operations, resolve
from hopcheck_contracts.schemas import Schema, named_schema, validate_request, validate_response

READ_BY: dict[str, type[BaseModel]] = {
    "ChatCompletion": ChatCompletion,
    "ChatChoice": Choice,
    "AssistantMessage": ChatCompletionMessage,
    "ChoiceLogprobs": ChoiceLogprobs,
    "TokenLogprob": ChatCompletionTokenLogprob,
    "Usage": CompletionUsage,
    "ChatCompletionChunk": ChatCompletionChunk,
    "ChunkChoice": ChunkChoice,
    "Delta": ChoiceDelta,
    "ToolCallDelta": ChoiceDeltaToolCall,
    "EmbeddingList": CreateEmbeddingResponse,
    "Embedding": Embedding,
    "Model": Model,
    "ErrorObject": ErrorObject,
}


def of_schemas() -> Iterator[Any]:
    for contract in CONTRACTS:
        for name, schema in document(contract)["components"]["schemas"].items():
            yield pytest.param(contract, name, schema["examples"], id=f"{contract}-{name}")


def of_answers() -> Iterator[Any]:
    for boundary in BOUNDARIES:
        for operation in operations(boundary):
            for status, answer in operation.definition["responses"].items():
                content = resolve(boundary, answer).get("content", {}).get("application/json", {})
                if "example" in content:
                    name = f"{boundary}-{operation.definition['operationId']}-{status}"
                    yield pytest.param(operation, status, content["example"], id=name)


@pytest.mark.parametrize(("contract", "name", "examples"), list(of_schemas()))
def test_examples_of_schemas(contract: Contract, name: str, examples: list[Any]) -> None:
    for example in examples:
        assert named_schema(contract, name).violations(example) == []


@pytest.mark.parametrize(("operation", "status", "example"), list(of_answers()))
def test_examples_of_answers(operation: Any, status: str, example: Any) -> None:
    code = 418 if status == "default" else int(status)
    assert validate_response(operation.boundary, operation.method, operation.path, code, example) == []


@pytest.mark.parametrize("contract", CONTRACTS)
def test_examples_of_headers(contract: Contract) -> None:
    headers = document(contract)["components"]["headers"]
    assert headers
    for header in headers.values():
        assert Schema(contract, header["schema"]).violations(header["example"]) == []


@pytest.mark.parametrize("name", READ_BY)
def test_the_client_reads_them(name: str) -> None:
    examples = document("openai-compatible")["components"]["schemas"][name]["examples"]
    assert examples
    for example in examples:
        read = READ_BY[name].model_validate(example, strict=True)
        assert read.model_dump(exclude_unset=True, by_alias=True) == example


@pytest.mark.parametrize("boundary", ["openai-compatible", "llm-proxy", "litellm"])
def test_a_request_is_distinguished_from_another(boundary: Boundary) -> None:
    """The examples of one request don't pass for another's."""
    schemas = document(boundary)["components"]["schemas"]
    (chat, *_), (texts, *_) = schemas["ChatFields"]["examples"], schemas["EmbeddingRequest"]["examples"]
    assert validate_request(boundary, "POST", "/v1/chat/completions", chat) == []
    assert validate_request(boundary, "POST", "/v1/embeddings", texts) == []
    assert validate_request(boundary, "POST", "/v1/chat/completions", texts) != []
    assert validate_request(boundary, "POST", "/v1/embeddings", chat) != []
