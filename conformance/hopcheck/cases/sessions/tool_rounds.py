"""Turns in which an agent calls several tools at once."""

from typing import Any

from hopcheck import dig, function_tools
from hopcheck.cases.sessions.histories import AgentCall, ChatTurns

TURNS = 30

ASKED = 3
"""How many of the turns are asked: those before stand in the history."""

AT_ONCE = 3

TOOLS = function_tools("look_up")


def called(turn: int) -> list[AgentCall]:
    """The calls of a turn."""
    return [AgentCall(f"call_{turn}_{place}", "look_up", f'{{"q": "{turn}.{place}"}}') for place in range(AT_ONCE)]


def answered(writes: ChatTurns, calls: list[AgentCall]) -> list[dict[str, Any]]:
    """Calls and their results; the last call was the first to be done."""
    return [
        *writes.calls("I look.", calls),
        *writes.results({one.id: f"of {one.arguments}" for one in reversed(calls)}),
    ]


def earlier(writes: ChatTurns) -> list[dict[str, Any]]:
    """The turns before those that are asked."""
    turns = [answered(writes, called(turn)) for turn in range(TURNS - ASKED)]
    return [*writes.question("Look all of them up."), *(one for turn in turns for one in turn)]


def wanted(turn: int) -> list[list[str]]:
    """The results of a turn, each with the id of its call."""
    return [[one.id, f"of {one.arguments}"] for one in reversed(called(turn))]


def pairs(turns: list[Any]) -> Any:
    """The results among turns, each with the id of its call."""
    for one in turns:
        content = dig(one, "content")
        for part in content if isinstance(content, list) else ():
            if dig(part, "type") == "tool_result":
                yield [dig(part, "tool_use_id"), _text(dig(part, "content"))]
        if dig(one, "role") == "tool" or dig(one, "type") == "function_call_output":
            yield [dig(one, "tool_call_id") or dig(one, "call_id"), _text(content or dig(one, "output"))]


def _text(content: Any) -> Any:
    return dig(content, 0, "text") if isinstance(content, list) else content
