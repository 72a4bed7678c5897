"""A conversation with much that gateways tidy up. Holds no case."""

from typing import Any

CALL = {"id": "call_hop1", "type": "function", "function": {"name": "look_up", "arguments": '{"q":"x"}'}}
CONVERSATION: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "system", "content": "  Answer\u2028in *Markdown*.\n"},
    {"role": "user", "name": "ada", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": ""}]},
    {"role": "assistant", "content": "", "refusal": "No."},
    {"role": "user", "name": "bob", "content": "¿Qué? 👩‍👩‍👧 \\n \t"},
    {"role": "user", "name": "bob", "content": " And\r\nthen? "},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_hop1", "content": ""},
    {"role": "system", "content": "From now on in Portuguese."},
    {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "three "}]},
]
"""With all that gateways tidy up: names, empty strings, white space, parts, two users in turn."""
