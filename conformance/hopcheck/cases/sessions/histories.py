"""Histories of agents, turn by turn, as each API writes them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck import Operation, items

Json = dict[str, Any]

SIGNED = "EqoBCkgIARABGAIiQ+/c2ln" * 8
"""What a provider signs its reasoning with, or encrypts it to."""


class AgentCall(NamedTuple):
    """A call of a tool: its id, the tool's name, its arguments as JSON."""

    id: str
    name: str
    arguments: str


class ChatTurns:
    """Turns as chat completions have them, which know no signed reasoning."""

    field = "messages"

    def history(self, turns: list[Json]) -> dict[str, Any]:
        """The field of a request that has these turns."""
        return {self.field: turns}

    def question(self, text: str) -> list[Json]:
        return [{"role": "user", "content": text}]

    def answer(self, text: str) -> list[Json]:
        return [{"role": "assistant", "content": text}]

    def calls(self, text: str, calls: Iterable[AgentCall], *, signed: str = "") -> list[Json]:
        made = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in calls
        ]
        return [{"role": "assistant", "content": text, "tool_calls": made}]

    def results(self, results: Mapping[str, str]) -> list[Json]:
        return [{"role": "tool", "tool_call_id": name, "content": text} for name, text in results.items()]

    def summary(self, text: str) -> list[Json]:
        """What stands for turns that were compacted."""
        return self.question(text)


class MessageTurns(ChatTurns):
    """Turns as Messages have them: blocks, results among the user's, signed thinking before calls."""

    def question(self, text: str) -> list[Json]:
        return [{"role": "user", "content": [{"type": "text", "text": text}]}]

    def answer(self, text: str) -> list[Json]:
        return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]

    def calls(self, text: str, calls: Iterable[AgentCall], *, signed: str = "") -> list[Json]:
        thought = [{"type": "thinking", "thinking": "I look it up.", "signature": signed}] if signed else []
        made = [
            {"type": "tool_use", "id": one.id, "name": one.name, "input": json.loads(one.arguments)} for one in calls
        ]
        return [{"role": "assistant", "content": [*thought, {"type": "text", "text": text}, *made]}]

    def results(self, results: Mapping[str, str]) -> list[Json]:
        blocks = [{"type": "tool_result", "tool_use_id": name, "content": text} for name, text in results.items()]
        return [{"role": "user", "content": blocks}]


class ItemTurns(ChatTurns):
    """Turns as Responses have them: items, encrypted reasoning before calls."""

    field = "input"

    def question(self, text: str) -> list[Json]:
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]

    def answer(self, text: str) -> list[Json]:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return [{"type": "message", "role": "assistant", "content": content}]

    def calls(self, text: str, calls: Iterable[AgentCall], *, signed: str = "") -> list[Json]:
        thought = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": signed}] if signed else []
        made = [
            {"type": "function_call", "call_id": one.id, "name": one.name, "arguments": one.arguments} for one in calls
        ]
        return [*thought, *self.answer(text), *made]

    def results(self, results: Mapping[str, str]) -> list[Json]:
        return [{"type": "function_call_output", "call_id": name, "output": text} for name, text in results.items()]

    def summary(self, text: str) -> list[Json]:
        return [{"type": "compaction", "id": "cmp_1", "encrypted_content": SIGNED}, *self.question(text)]


_TURNS = {"openai": ChatTurns(), "messages": MessageTurns(), "responses": ItemTurns()}


def turns_of(ask: Operation) -> ChatTurns:
    """How the API of an operation writes turns."""
    return _TURNS[ask.surface]


def written(body: Any) -> list[Any]:
    """The turns of a request's body, whatever API it is for."""
    return items(body, "input") or items(body, "messages")


def canonical(values: Iterable[Any]) -> list[str]:
    """Each value as canonical JSON."""
    return [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in values]
