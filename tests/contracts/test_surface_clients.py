"""What the contracts say of Responses and Messages is what the official clients expect of them, in both directions.

A new release of a client that adds a field or an event, or changes one, turns this red: then the contract learns of it,
or one of the lists does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsBase
from anthropic.types.shared import ErrorResponse
from client_models import differences
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from openai.types.responses.response_stream_event import ResponseStreamEvent
from pydantic import BaseModel

from hopcheck_contracts.documents import Boundary, document
from hopcheck_contracts.event_kinds import event_schemas

WHOLE: dict[Boundary, dict[str, type[BaseModel]]] = {
    "openai-responses": {"Response": Response},
    "anthropic-messages": {"Message": Message, "TokenCount": MessageTokensCount, "ErrorResponse": ErrorResponse},
}
EVENTS: dict[Boundary, Any] = {
    "openai-responses": ResponseStreamEvent,
    "anthropic-messages": RawMessageStreamEvent,
}

ANY_WORD: dict[Boundary, str] = {
    "openai-responses": "IncompleteDetails.reason MessageItem.phase Response.prompt_cache_retention "
    "Response.service_tier Response.tool_choice Response.truncation ResponseFailure.code SummaryPartEvent.status",
    "anthropic-messages": "Container.expires_at ServerToolUseBlock.name StopDetails.category Usage.service_tier "
    "Usage.speed",
}
"""Where the contract takes any word, as servers have words of their own, and clients read any."""

NOT_DESCRIBED: dict[Boundary, str] = {
    "openai-responses": "AnnotationEvent.annotation CustomToolCallItem.caller FunctionCallItem.caller ItemEvent.item "
    "InputTokensDetails.cache_write_tokens_details MessageItem.content[] PartEvent.part Response.access_programs "
    "Response.conversation Response.image Response.input_transformations[] Response.instructions[] "
    "Response.moderation Response.output[] Response.prompt Response.prompt_cache_diagnostics "
    "Response.prompt_cache_options Response.reasoning Response.text Response.tool_choice Response.tool_usage "
    "Response.tools[] ResponseFailure.misalignment ShellOutputDeltaEvent.delta ShellOutputDoneEvent.output[] "
    "TextDeltaEvent.logprobs[] TextDoneEvent.logprobs[] TextPart.annotations[] TextPart.logprobs[]",
    "anthropic-messages": "BlockDeltaEvent.delta BlockStartEvent.content_block CitationsDelta.citation "
    "Container.skills[] Diagnostics.cache_miss_reason ErrorResponse.error Message.content[] ServerToolUseBlock.caller "
    "ServerToolUseBlock.input TextBlock.citations[] ToolUseBlock.caller ToolUseBlock.input",
}
"""Objects that no gateway has to look into, and kinds of objects that the contract takes together."""

_PADDED = "OpenAI pads the pieces of all texts, whatever the client names"
_BRIDGED = "servers that answer from another surface leave it out, and the client does without"

EXCEPTIONS: dict[Boundary, dict[str, str]] = {
    "openai-responses": {
        "ArgumentsDoneEvent.name: the client doesn't know it": "OpenAI's documents have it for functions",
        "CustomToolCallItem.status: the client doesn't know it": "OpenAI sends it, as for functions",
        "ErrorEvent.error: the client doesn't know it": "servers, OpenAI's among them, send the nested form, too",
        "ErrorEvent.message: required by the client alone": "the nested form has it in its object",
        "InputDeltaEvent.obfuscation: the client doesn't know it": _PADDED,
        "InputTokensDetails.cache_write_tokens: required by the client alone": "few servers count what they write",
        "PieceEvent.obfuscation: the client doesn't know it": _PADDED,
        "Response.parallel_tool_calls: required by the client alone": _BRIDGED,
        "Response.status: ['string'] in the contract, ['null', 'string'] in the client": "every answer has one",
        "Response.status: required by the contract alone": "without it no client knows whether the answer is whole",
        "Response.text: ['object'] in the contract, ['null', 'object'] in the client": "OpenAI names the format always",
        "Response.tool_choice: required by the client alone": _BRIDGED,
        "Response.tools: required by the client alone": _BRIDGED,
        "ResponseUsage.input_tokens_details: required by the client alone": "servers without caches leave it out",
        "ResponseUsage.output_tokens_details: required by the client alone": "as do those without reasoning",
        "SummaryDeltaEvent.obfuscation: the client doesn't know it": _PADDED,
        "SummaryPartEvent.status: the client doesn't know it": "it is known for the part that is done",
        "TextDeltaEvent.logprobs: ['array', 'null'] in the contract, ['array'] in the client": _BRIDGED,
        "TextDeltaEvent.logprobs: required by the client alone": _BRIDGED,
        "TextDeltaEvent.obfuscation: the client doesn't know it": _PADDED,
        "TextDoneEvent.logprobs: ['array', 'null'] in the contract, ['array'] in the client": _BRIDGED,
        "TextDoneEvent.logprobs: required by the client alone": _BRIDGED,
    },
    "anthropic-messages": {
        "Message.stop_reason: required by the contract alone": "it is null at the start of a stream, and always there",
        "MessageDeltaEvent.context_management: the client doesn't know it": "its beta sends it",
    },
}
"""Every other difference, and why it is right."""

BEYOND_CLIENT: dict[Boundary, set[str]] = {"openai-responses": set(), "anthropic-messages": {"ping", "error"}}
"""Events that a client handles without a type."""

surfaces = pytest.mark.parametrize("boundary", list(WHOLE))


def models_of(boundary: Boundary) -> dict[str, type[BaseModel]]:
    """The client's model of each event, by the event's type."""
    members: tuple[type[BaseModel], ...] = get_args(get_args(EVENTS[boundary])[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in members}


def found_on(boundary: Boundary) -> Iterator[str]:
    schemas, seen = event_schemas(boundary), set[Any]()
    for kind, model in models_of(boundary).items():
        yield from differences(boundary, schemas[kind], model, seen)
    for name, model in WHOLE[boundary].items():
        yield from differences(boundary, name, model, seen)


@surfaces
def test_no_difference_but_the_listed_ones(boundary: Boundary) -> None:
    any_word, not_described, other = set(), set(), set()
    for one in found_on(boundary):
        where, _, what = one.partition(": ")
        if what.startswith("other words: any in the contract"):
            any_word.add(where)
        elif what == "not described in the contract" or what.startswith("objects "):
            not_described.add(where)
        else:
            other.add(one)
    assert any_word == set(ANY_WORD[boundary].split())
    assert not_described == set(NOT_DESCRIBED[boundary].split())
    assert other == EXCEPTIONS[boundary].keys()


@surfaces
def test_every_event_is_known_to_both(boundary: Boundary) -> None:
    assert event_schemas(boundary).keys() - models_of(boundary).keys() == BEYOND_CLIENT[boundary]


@pytest.mark.parametrize(
    ("boundary", "name", "params", "beyond"),
    [
        ("openai-responses", "ResponseRequest", ResponseCreateParamsBase, {"stream"}),
        # the client lets sampling be set in `extra_body` alone
        ("anthropic-messages", "MessageRequest", MessageCreateParamsBase, {"stream", "temperature", "top_k", "top_p"}),
        ("anthropic-messages", "CountTokensRequest", MessageCountTokensParams, set()),
    ],
)
def test_requests_have_the_same_fields(boundary: Boundary, name: str, params: type, beyond: set[str]) -> None:
    known = document(boundary)["components"]["schemas"][name]["properties"].keys()
    assert known - params.__annotations__.keys() == beyond
    assert params.__annotations__.keys() <= known


@surfaces
def test_the_client_reads_the_examples(boundary: Boundary) -> None:
    schemas = document(boundary)["components"]["schemas"]
    for kind, model in models_of(boundary).items():
        for example in schemas[event_schemas(boundary)[kind]]["examples"]:
            model.model_validate({**example, "type": kind})
    for name, model in WHOLE[boundary].items():
        for example in schemas[name]["examples"]:
            read = model.model_validate(example)
            assert read.model_dump(exclude_unset=True, by_alias=True, mode="json") == example
