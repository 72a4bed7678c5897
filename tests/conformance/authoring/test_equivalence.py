"""Requests that say the same have one form."""

from __future__ import annotations

import pytest

from hopcheck import canonical_request

TOOL = {"type": "function", "function": {"name": "f"}}
LAX = {"type": "function", "function": {"name": "f", "strict": False}}
STRICT = {"type": "function", "function": {"name": "f", "strict": True}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tools": [TOOL]}, {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": True}),
        ({"tools": [TOOL]}, {"tools": [LAX]}),
        ({}, {"tool_choice": "none", "response_format": {"type": "text"}, "service_tier": "auto"}),
        ({"functions": [{"name": "f"}]}, {"functions": [{"name": "f"}], "function_call": "auto"}),
        ({"input": "x"}, {"input": "x", "encoding_format": "float"}),
        ({"stop": "x", "max_tokens": 5}, {"stop": ["x"], "max_completion_tokens": 5}),
    ],
)
def test_the_same(one, other) -> None:
    assert canonical_request(one) == canonical_request(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tools": [TOOL]}, {"tools": [TOOL], "tool_choice": "none"}),
        ({"tools": [TOOL]}, {"tools": [TOOL], "parallel_tool_calls": False}),
        ({"tools": [TOOL]}, {"tools": [STRICT]}),
        ({}, {"tool_choice": "auto"}),
        ({}, {"response_format": {"type": "json_object"}}),
        ({"input": "x"}, {"input": "x", "encoding_format": "base64"}),
    ],
)
def test_not_the_same(one, other) -> None:
    assert canonical_request(one) != canonical_request(other)


@pytest.mark.parametrize("body", [None, [{"n": 2}], "n", 5])
def test_what_is_no_object_has_no_fields(body) -> None:
    assert canonical_request(body) == {}
