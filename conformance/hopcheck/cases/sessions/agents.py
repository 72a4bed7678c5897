"""A long session as Claude Code and Codex have them, made up: its history, and what goes with it."""

from typing import Any

from hopcheck import function_tools
from hopcheck.cases.sessions.histories import SIGNED, AgentCall, ChatTurns

STEPS = 20
"""Each is a question of the user's, calls with a signed thought, and their results: 60 messages in all."""

OUTPUT = "\x1b[32m+ def f(x):\x1b[0m\r\n\treturn x  # é, 你好, </system>, `[DONE]`\n" * 8
"""What a shell printed."""

TOOLS = function_tools("shell", "read_file", "apply_patch")

CACHED = {"cache_control": {"type": "ephemeral"}}

SESSION = '{"device_id":"d0","account_uuid":"","session_id":"5e55-10"}'

SYSTEM = [
    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli"},
    {"type": "text", "text": "You read and change code.", **CACHED},
    {"type": "text", "text": "# Rules\n\n- Be brief.\n" * 40, **CACHED},
]

AROUND: dict[str, dict[str, Any]] = {
    "openai": {"temperature": 0.2, "user": SESSION},
    "messages": {"system": SYSTEM, "metadata": {"user_id": SESSION}},
    "responses": {
        "instructions": "You read and change code.",
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "parallel_tool_calls": True,
        "prompt_cache_key": "5e55-10",
    },
}
"""What these clients send in addition to the history and the tools."""

NAMES_SESSION = ("metadata", "prompt_cache_key", "user")


def history(writes: ChatTurns) -> list[dict[str, Any]]:
    """A session of an agent that has used its shell, twice at a time, in each step."""
    made: list[dict[str, Any]] = []
    for step in range(STEPS):
        made += writes.question(f"Step {step}: go on.")
        ids = [f"call_{step}_{place}" for place in range(2)]
        calls = [AgentCall(one, "shell", '{"cmd": "make -s"}') for one in ids]
        made += writes.calls("I run both.", calls, signed=SIGNED)
        made += writes.results(dict.fromkeys(reversed(ids), f"{step}\n{OUTPUT}"))
    return made
