"""What is generated keeps the contract where it should, and breaks it where it should."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from hopcheck.client.config import TargetConfig
from hopcheck.fuzz import operations
from hopcheck.fuzz.example import Example
from hopcheck.fuzz.generation.documents import MAX_CHOICES, body_document
from hopcheck.fuzz.generation.examples import examples
from hopcheck.selftest.relay_host import relay_target
from hopcheck_contracts.schemas import must_refuse, validate_event, validate_request, validate_response
from hopcheck_server.relay import RelayConfig

TARGET: TargetConfig = relay_target("t", "http://127.0.0.1:1/v1", RelayConfig(upstream="http://127.0.0.1:2/v1"))


def some(operation_id: str, count: int = 8) -> list[Example]:
    made: list[Example] = []

    @seed(1)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(examples(operation_id, TARGET))
    def keep(example: Example) -> None:
        made.append(example)

    keep()
    return made


def test_chats_and_their_answers_keep_the_contract() -> None:
    made = some(operations.CHAT.id)
    for one in made:
        assert validate_request("openai-compatible", "POST", operations.CHAT.path, one.body) == []
        if one.turn.body is not None:
            answer = json.loads(one.turn.body)
            assert validate_response("openai-compatible", "POST", operations.CHAT.path, 200, answer) == []
            assert len(answer["choices"]) == (one.body.get("n") or 1) <= MAX_CHOICES
        else:
            events = [json.dumps(event) for event in one.turn.events or ()]
            assert [validate_event("openai-compatible", event) for event in events] == [[]] * len(events)
    assert {bool(one.body.get("stream")) for one in made} == {True, False}
    assert {one.turn.events is None for one in made if one.body.get("stream")} == {False}
    assert {one.body["model"] for one in made} == {"fake-model"}


def test_embeddings_keep_the_contract() -> None:
    for one in some(operations.EMBEDDINGS.id):
        assert validate_request("openai-compatible", "POST", operations.EMBEDDINGS.path, one.body) == []


@pytest.mark.parametrize(
    "operation", [operations.CHAT_REFUSALS, operations.EMBEDDINGS_REFUSALS], ids=lambda one: one.id
)
def test_refusals_break_what_a_proxy_has_to_look_at(operation: operations.FuzzedOperation) -> None:
    for one in some(operation.id):
        assert isinstance(one.body, bytes) or must_refuse("openai-compatible", "POST", operation.path, one.body)


def test_objects_whose_members_are_named_hold_no_others() -> None:
    schemas = body_document("ChatCompletionRequest")["components"]["schemas"]
    assert schemas["UserMessage"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["FunctionDefinition"]["properties"]["parameters"]
