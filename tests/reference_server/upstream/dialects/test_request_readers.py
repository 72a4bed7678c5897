"""Requests of two dialects that mean the same are read as the same."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.registry import all_dialects

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
IMAGE = "data:image/png;base64,AAAA"
CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "One"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "two"}, {"type": "image_url", "image_url": {"url": IMAGE}}],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"q": "a"}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "Finds.", "parameters": SCHEMA}}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "max_completion_tokens": 9,
    "stop": "END",
    "user": "u",
    "stream": True,
}
MESSAGES = {
    "model": "m",
    "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "One"},
                {"type": "text", "text": "two"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"q": "a"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "found"}]},
    ],
    "tools": [{"name": "f", "description": "Finds.", "input_schema": SCHEMA}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "max_tokens": 9,
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u"},
    "stream": True,
}


def read(name, payload):
    return all_dialects()[name].read("/", payload)


def test_the_same_request_in_two_dialects():
    assert read("openai_chat", CHAT) == read("anthropic", MESSAGES)


def test_named_functions():
    assert read("openai_chat", {"tool_choice": {"type": "function", "function": {"name": "f"}}}).tool_choice == "f"
    assert read("anthropic", {"tool_choice": {"type": "tool", "name": "f"}}).tool_choice == "f"


def test_thinking_keeps_its_signature():
    block = {"type": "thinking", "thinking": "Let me see", "signature": "c2ln"}
    (turn,) = read("anthropic", {"messages": [{"role": "assistant", "content": [block]}]}).turns
    assert [(part.kind, part.text, part.signature) for part in turn.parts] == [("reasoning", "Let me see", "c2ln")]


def test_what_is_malformed_is_left_out():
    odd = {"messages": [7, {"role": "assistant", "tool_calls": [{"function": {"arguments": "{"}}]}], "tools": "x"}
    (turn,) = read("openai_chat", odd).turns
    assert turn.parts[0].arguments == "{"
    assert read("anthropic", {"messages": "x", "system": 7, "tool_choice": "auto"}).turns == ()
