"""What hopcheck reads in the output of Claude Code and Codex: lines as they were seen."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hopcheck.real_clients.catalogue import CLIENTS
from hopcheck.real_clients.claude_code import ClaudeCode
from hopcheck.real_clients.codex import Codex
from hopcheck.real_clients.command_line_client import Invocation

CLAUDE, CODEX = ClaudeCode(), Codex()


def lines(*objects: dict[str, Any]) -> str:
    return "\n".join(["a warning", *map(json.dumps, objects), "[]", ""])


@pytest.mark.parametrize(
    ("result", "code", "text", "failure"),
    [
        ({"is_error": False, "result": "Hello"}, 0, "Hello", ""),
        (
            {"is_error": True, "result": "API Error: 529", "api_error_status": 529, "terminal_reason": "api_error"},
            1,
            "",
            "API Error: 529 [api_error] [529]",
        ),
        ({"is_error": True, "terminal_reason": "max_turns"}, 1, "", "trouble [max_turns]"),
    ],
)
def test_claude_code(result: dict[str, Any], code: int, text: str, failure: str) -> None:
    printed = lines({"type": "system", "subtype": "init"}, {"type": "result", "subtype": "success", **result})
    run = CLAUDE.read(code, printed, "trouble\n")
    assert (run.exit_code, run.text, run.failure) == (code, text, failure)


def test_claude_code_that_printed_nothing() -> None:
    run = CLAUDE.read(None, "", "killed")
    assert (run.exit_code, run.text, run.failure, run.succeeded) == (None, "", "killed", False)


def test_codex() -> None:
    message = {"type": "item.completed", "item": {"type": "agent_message", "text": "Hello"}}
    notice = {"type": "item.completed", "item": {"type": "error", "message": "No metadata."}}
    run = CODEX.read(0, lines(notice, message, {"type": "turn.completed"}), "")
    assert (run.text, run.failure) == ("Hello", "")
    run = CODEX.read(1, lines(notice, message, {"type": "turn.failed", "error": {"message": "no"}}), "")
    assert (run.text, run.failure, run.shown) == ("Hello", "no", "Hello no")
    assert CODEX.read(1, "", "no such file").failure == "no such file"


def test_a_conversation_that_is_too_long() -> None:
    result = {"type": "result", "is_error": True, "result": "x", "terminal_reason": "prompt_too_long"}
    assert CLAUDE.knows_too_long(CLAUDE.read(1, lines(result), ""))
    assert not CLAUDE.knows_too_long(CLAUDE.read(1, lines({**result, "terminal_reason": "api_error"}), ""))
    failed = {"type": "turn.failed", "error": {"message": "Codex ran out of room in the model's context window."}}
    assert CODEX.knows_too_long(CODEX.read(1, lines(failed), ""))
    assert not CODEX.knows_too_long(CODEX.read(1, lines({**failed, "error": {"message": "400"}}), ""))


def asked(home: Path) -> Invocation:
    key = "a-key-canary"
    return Invocation(
        program=Path("x"), home=home, base_url="http://t/v1", key=key, model='m"x', prompt="Hi hopcheck:x", retries=1
    )


def test_what_they_are_given(tmp_path: Path) -> None:
    for client in CLIENTS.values():
        client.prepare(asked(tmp_path))
        words, variables = client.arguments(asked(tmp_path)), client.environment(asked(tmp_path))
        assert "Hi hopcheck:x" in words
        assert "a-key-canary" in variables.values()
        assert "a-key-canary" not in str(words)
    assert CLAUDE.environment(asked(tmp_path))["ANTHROPIC_BASE_URL"] == "http://t"
    configured = tomllib.loads((tmp_path / ".codex" / "config.toml").read_text())
    assert configured["model"] == 'm"x'
    assert configured["model_providers"]["target"]["base_url"] == "http://t/v1"
    assert configured["model_providers"]["target"]["stream_max_retries"] == 1
