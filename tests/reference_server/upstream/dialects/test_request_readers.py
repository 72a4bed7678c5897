"""Requests of several dialects that mean the same are read as the same."""

from __future__ import annotations

import json

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

CONTENTS = {
    "system_instruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "One"}, {"text": "two"}, {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}],
        },
        {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "f", "args": {"q": "a"}}}]},
        {"role": "user", "parts": [{"function_response": {"id": "c1", "response": {"result": "found"}}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "f", "description": "Finds.", "parameters": SCHEMA}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "generationConfig": {"max_output_tokens": 9, "stopSequences": ["END"]},
}
OLLAMA = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "One"},
        {"role": "user", "content": "two", "images": ["AAAA"]},
        {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": {"q": "a"}}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    ],
    "tools": CHAT["tools"],
    "options": {"num_predict": 9, "stop": ["END"]},
}


def read(name, payload):
    return all_dialects()[name].read("/models/m:streamGenerateContent", payload)


def test_the_same_request_in_two_dialects():
    assert read("openai_chat", CHAT) == read("anthropic", MESSAGES)


def test_a_request_to_gemini_means_the_same():
    expected = read("openai_chat", {**CHAT, "user": None, "parallel_tool_calls": None})
    assert read("gemini", CONTENTS) == expected


def test_a_request_to_ollama_means_the_same_but_for_choices():
    lacking = {"user": None, "parallel_tool_calls": None, "tool_choice": None}
    chat = json.dumps({**CHAT, **lacking}).replace("data:image/png;", "data:;")
    assert read("ollama", OLLAMA) == read("openai_chat", json.loads(chat))


def test_named_functions():
    config = {"mode": "ANY", "allowed_function_names": ["f"]}
    assert read("gemini", {"tool_config": {"function_calling_config": config}}).tool_choice == "f"
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
    assert read("gemini", {"contents": "x", "systemInstruction": 7, "toolConfig": "auto", "tools": 7}).turns == ()
    assert read("ollama", {"messages": [7], "tools": "x"}).turns == ()


def test_what_has_another_type_is_left_out():
    choice = {"type": ["tool"], "name": "f"}
    asked = read("anthropic", {"stop_sequences": 5, "tool_choice": choice})
    assert (asked.tool_choice, asked.parameters) == ("", {})
    message = {"role": "user", "content": "a", "images": 5, "tool_calls": [{"function": "f"}]}
    asked = read("ollama", {"messages": [message], "tools": [{"function": ["f"]}], "options": [1]})
    assert [(part.kind, part.text, part.name) for part in asked.turns[0].parts] == [("text", "a", ""), ("call", "", "")]
    assert [tool.name for tool in asked.tools] == [""]
    assert asked.parameters == {}
