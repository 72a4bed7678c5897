"""Violations without their varying parts."""

from __future__ import annotations

import pytest

from hopcheck_contracts.causes import cause_of
from hopcheck_contracts.schemas import validate_event, validate_response
from hopcheck_contracts.violations import Violation


@pytest.mark.parametrize(
    ("where", "message", "cause"),
    [
        ("error.type", "expected a string, not null", "error.type: expected a string, not null"),
        ("choices[12].index", 'expected an integer, not "12"', "choices[].index: expected an integer, not a string"),
        ("created", "expected an integer, not 1.5", "created: expected an integer, not a number"),
        ("usage", 'expected an object, not ["a", 1]', "usage: expected an object, not an array"),
        ("choices[0].message", "role is missing", "choices[].message: role is missing"),
        ("the body", 'is not JSON: "<html>…"', "the body: is not JSON"),
        ("the event", "is empty", "the event: is empty"),
        (
            "content-type",
            'expected application/json, not "text/html"',
            'content-type: expected application/json, not "text/html"',
        ),
        (
            "header retry-after",
            '"soon, perhaps" is not of the form ^\\d+$',
            "header retry-after: the value is not of the form ^\\d+$",
        ),
        ("error", 'expected an object, not "a: b, not c"', "error: expected an object, not a string"),
    ],
)
def test_a_cause_has_no_indexes_and_values(where: str, message: str, cause: str) -> None:
    assert cause_of(Violation(where, message)) == cause


def test_the_same_mistake_with_other_values_is_one_cause() -> None:
    bodies = [{"error": {"message": text, "type": None, "param": None, "code": None}} for text in ("a", "b: c")]
    found = [validate_response("openai-compatible", "POST", "/v1/chat/completions", 400, body) for body in bodies]
    assert [[cause_of(one) for one in violations] for violations in found] == [
        ["error.type: expected a string, not null"]
    ] * 2


def test_mistakes_at_other_places_are_other_causes() -> None:
    chunk = '{"id":1,"object":"chat.completion.chunk","created":"now","model":"m","choices":[]}'
    assert len({cause_of(one) for one in validate_event("openai-compatible", chunk)}) == 2
