"""What the contract says of answers is what the official client expects of them, in both directions.

A new release of the client that adds a field, or changes one, turns this red: then the contract learns of it, or the
list of exceptions does, with a reason.
"""

from __future__ import annotations

import pytest
from client_models import differences
from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.shared import ErrorObject
from pydantic import BaseModel

from hopcheck_contracts.documents import document

PAIRS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("ChatCompletion", ChatCompletion),
    ("ChatCompletionChunk", ChatCompletionChunk),
    ("EmbeddingList", CreateEmbeddingResponse),
    ("Model", Model),
    ("ErrorObject", ErrorObject),
)

_TIERS = "any in the contract, ['auto', 'default', 'fast', 'flex', 'priority', 'scale'] in the client"
_WIDER = "providers other than OpenAI have tiers of their own, and the client reads any text"
_BASE64 = "base64 is what the client asks for by itself, and decodes before it shows numbers"

EXCEPTIONS: dict[str, str] = {
    "AssistantMessage.content: required by the contract alone": (
        "the API names it in every message, null where there is no text; the client is only more patient"
    ),
    f"ChatCompletion.service_tier: other words: {_TIERS}": _WIDER,
    f"ChatCompletionChunk.service_tier: other words: {_TIERS}": _WIDER,
    "Delta.role: other words: ['assistant'] in the contract, "
    "['assistant', 'developer', 'system', 'tool', 'user'] in the client": "only the assistant answers",
    "Embedding.embedding: ['array', 'string'] in the contract, ['array'] in the client": _BASE64,
    "Embedding.embedding: other words: any in the contract, [] in the client": _BASE64,
    "TokenLogprob.top_logprobs: required by the client alone": (
        "several servers leave it out where no alternatives were asked for"
    ),
    "ToolCallDelta.custom: the client doesn't know it": "custom tools' calls are streamed, too",
    "ToolCallDelta.type: other words: any in the contract, ['function'] in the client": (
        "custom tools have a type of their own, and some servers send it empty after the first piece"
    ),
}
"""Every difference, and why it is right."""

REQUESTS = (
    ("ChatFields", CompletionCreateParamsNonStreaming),
    ("EmbeddingRequest", EmbeddingCreateParams),
)


def test_no_difference_but_the_listed_ones() -> None:
    found = [one for name, model in PAIRS for one in differences("openai-compatible", name, model)]
    assert sorted(set(found)) == sorted(EXCEPTIONS)


@pytest.mark.parametrize(("name", "params"), REQUESTS)
def test_requests_have_the_same_fields(name: str, params: type) -> None:
    schema = document("openai-compatible")["components"]["schemas"][name]
    assert schema["properties"].keys() == params.__annotations__.keys()


class _NextRelease(Model):
    region: str
    id: int  # type: ignore[assignment]
    created: int | None = None


def test_a_new_release_is_noticed() -> None:
    assert sorted(differences("openai-compatible", "Model", _NextRelease)) == [
        "Model.created: ['integer'] in the contract, ['integer', 'null'] in the client",
        "Model.created: required by the contract alone",
        "Model.id: ['string'] in the contract, ['integer'] in the client",
        "Model.id: other words: any in the contract, [] in the client",
        "Model.region: the contract doesn't know it",
    ]


def test_every_exception_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())
