"""Requests of the same meaning have the same form on Messages and on Responses."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck.engine.exchanges.typed_requests import canonical_message_request, canonical_response_request

TEXT = [{"type": "input_text", "text": "Hi"}]


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hi"},
        {"input": [{"role": "user", "content": "Hi"}]},
        {"input": [{"type": "message", "role": "user", "content": TEXT}]},
        {"input": "Hi", "store": True, "stream": False, "temperature": 1.0, "instructions": None},
    ],
)
def test_requests_for_a_response_that_mean_the_same(body: Any) -> None:
    assert canonical_response_request(body) == {"input": [{"role": "user", "content": TEXT}]}


@pytest.mark.parametrize(
    "fields", [{"store": False}, {"temperature": True}, {"tool_choice": "none"}, {"input": [{"type": "reasoning"}]}]
)
def test_requests_for_a_response_that_differ(fields: Any) -> None:
    body = {"input": "Hi"}
    assert canonical_response_request({**body, **fields}) != canonical_response_request(body)


def test_parts_and_tools_of_a_request_for_a_response() -> None:
    image = {"type": "input_image", "image_url": "data:", "detail": "auto"}
    body = {"input": [{"role": "developer", "content": [image, 7]}, 8], "tools": [{"type": "function", "strict": None}]}
    assert canonical_response_request(body) == {
        "input": [{"role": "system", "content": [{"type": "input_image", "image_url": "data:"}, 7]}, 8],
        "tools": [{"type": "function"}],
    }


def test_requests_for_a_message() -> None:
    text = [{"type": "text", "text": "Hi"}]
    short = {"system": "Hi", "messages": [{"role": "user", "content": "Hi"}, 7], "tools": [{"name": "f"}]}
    full = {
        "system": text,
        "messages": [{"role": "user", "content": text}, 7],
        "tools": [{"type": "custom", "name": "f"}],
        "stream": False,
        "metadata": None,
    }
    assert canonical_message_request(short) == canonical_message_request(full)
    assert canonical_message_request({"stream": True}) == {"stream": True}
