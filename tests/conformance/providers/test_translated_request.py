"""What of a translated request is lost or changed, one difference at a time."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from hopcheck.engine.exchanges.translated_request import judge_translation
from hopcheck_server.relay.messages import dump
from hopcheck_server.relay.translating import message_requests
from hopcheck_server.upstream.journal.attempt import Attempt

CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"q":1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "user", "content": "Two"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "Finds.", "parameters": {}}}],
    "tool_choice": "required",
    "max_tokens": 9,
    "stop": ["END"],
}
"""Everything that is compared."""


def found(edit: Any = None) -> list[str]:
    """The causes that are found once a rightly translated request was edited."""
    body = message_requests.translated(deepcopy(CHAT))
    if edit is not None:
        edit(body)
    attempt = Attempt("m", "s", 1, "m", "POST", "/v1/messages", [], dump(body), 1, 5)
    exchange = SimpleNamespace(asked=CHAT, path="/v1/chat/completions", about="asked", attempts=(attempt,))
    judged: Any = SimpleNamespace(exchange=exchange)
    return [complaint.cause for complaint in judge_translation(judged)]


def blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for turn in body["messages"] for block in turn["content"]]


def test_a_right_translation_loses_nothing() -> None:
    assert found() == []
    assert found(lambda body: body.update(max_tokens=9, added=1)) == []


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (lambda body: body.pop("system"), "a system text is lost"),
        (lambda body: body["messages"].pop(), "the turns are changed"),
        (lambda body: blocks(body)[0].update(text="Won"), "a text of the user is lost or changed"),
        (lambda body: blocks(body)[1]["source"].update(data="AB=="), "an image is lost or changed"),
        (lambda body: blocks(body)[2].update(id="c2"), "the id of a call is changed"),
        (lambda body: blocks(body)[2].update(name="g"), "the name of a call is changed"),
        (lambda body: blocks(body)[2].update(input={"q": 2}), "the arguments of a call are changed"),
        (lambda body: blocks(body)[3].update(tool_use_id="c2"), "the ids of tools' results are changed"),
        (lambda body: blocks(body)[3].update(content="lost"), "a tool's result is changed"),
        (lambda body: body.pop("tools"), "the tools are changed"),
        (lambda body: body["tools"][0].pop("description"), "a tool's description is changed"),
        (lambda body: body["tools"][0].update(input_schema={"required": ["q"]}), "a tool's schema is changed"),
        (lambda body: body.pop("tool_choice"), "tool_choice is changed"),
        (lambda body: body.update(max_tokens=8), "max_tokens is changed"),
        (lambda body: body.pop("stop_sequences"), "stop is lost"),
    ],
)
def test_each_difference_is_a_cause(edit: Any, cause: str) -> None:
    assert found(edit) == [cause]


def test_an_empty_turn_may_be_left_out() -> None:
    empty = {"role": "assistant", "content": [{"type": "text", "text": " "}]}
    assert found(lambda body: body["messages"].insert(1, empty)) == []


def found_in(path: str, body: dict[str, Any], **changes: Any) -> list[str]:
    """The causes in a request to another dialect, of a client's request that is changed."""
    asked = {**CHAT, **changes}
    attempt = Attempt("m", "s", 1, "m", "POST", path, [], dump(body), 1, 5)
    exchange = SimpleNamespace(asked=asked, path="/v1/chat/completions", about="asked", attempts=(attempt,))
    judged: Any = SimpleNamespace(exchange=exchange)
    return [complaint.cause for complaint in judge_translation(judged)]


def contents(**changes: Any) -> dict[str, Any]:
    """The same request to Gemini."""
    parts = [{"text": "One"}, {"inline_data": {"mime_type": "image/png", "data": "AA=="}}]
    result = {"function_response": {"name": "f", "response": {"content": "found"}}}
    return {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": parts},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"q": 1}}}]},
            {"role": "user", "parts": [result, {"text": "Two"}]},
        ],
        "tools": [{"function_declarations": [{"name": "f", "description": "Finds."}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {"max_output_tokens": 9, "stop_sequences": ["END"]},
        **changes,
    }


def lines(**changes: Any) -> dict[str, Any]:
    """The same request to Ollama."""
    return {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One", "images": ["AA=="]},
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"q": 1}}}]},
            {"role": "tool", "content": "found"},
            {"role": "user", "content": "Two"},
        ],
        "tools": CHAT["tools"],
        "options": {"num_predict": 9, "stop": ["END"]},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "causes"),
    [
        ({}, []),
        ({"toolConfig": {}}, ["tool_choice is changed"]),
        ({"generationConfig": {"max_output_tokens": 9}}, ["stop is lost"]),
        ({"tools": []}, ["the tools are changed"]),
    ],
)
def test_gemini_is_owed_no_ids(changes: dict[str, Any], causes: list[str]) -> None:
    assert found_in("/v1beta/models/m:generateContent", contents(**changes)) == causes


@pytest.mark.parametrize(
    ("changes", "asked", "causes"),
    [
        ({}, {}, []),
        ({}, {"tool_choice": "none"}, ["the tools are changed"]),
        ({"tools": []}, {"tool_choice": "none"}, []),
        ({"options": {"num_predict": 8, "stop": ["END"]}}, {}, ["max_tokens is changed"]),
        ({"messages": []}, {}, ["a system text is lost", "the turns are changed"]),
    ],
)
def test_ollama_is_owed_no_choice(changes: dict[str, Any], asked: dict[str, Any], causes: list[str]) -> None:
    assert found_in("/api/chat", lines(**changes), **asked) == causes
