"""A request to a provider in the form that all dialects share, so that a translated one can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

PartKind = Literal["text", "reasoning", "image", "call", "result"]

Role = Literal["user", "assistant"]

Omission = Literal[
    "call ids",
    "media types",
    "image URLs",
    "tool choice",
    "JSON schemas",
    "null content",
    "stream terminators",
    "embedding usage",
    "usage details",
]
"""The ids of calls, by which results are known; what kind an image is; images by their address; whether, and which,
tools are to be called; tools' schemas in full; in responses, whether there is no text or an empty one; what ends a
stream before its body does; how many tokens the input of embeddings had; which tokens were those of
caches and of reasoning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """A piece of a turn.

    Attributes:
        kind: What it is.
        text: The text of a text, of reasoning, or of a tool's result; an image's URL, data URLs included.
        id: The id of a call, or of the call that a result belongs to.
        name: The name of the function that a call calls.
        arguments: A call's arguments, parsed.
        signature: What the provider signed the reasoning with.
    """

    kind: PartKind
    text: str = ""
    id: str = ""
    name: str = ""
    arguments: Any = None
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTurn:
    """What one side sends before the other side's next turn. Results of tools are the user's."""

    role: Role
    parts: tuple[MessagePart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """What a provider is asked, apart from the dialect.

    Attributes:
        model: The model's name.
        system: System texts, in order.
        turns: The conversation; consecutive messages of one side are one turn.
        tools: The functions offered.
        tool_choice: `auto`, `required`, `none`, the name of a function, or "" if it is left open.
        parameters: max_tokens, temperature, top_p, top_k, stop (a list), seed, n, and others by OpenAI's names.
        stream: Whether a stream is asked for.
    """

    model: str = ""
    system: tuple[str, ...] = ()
    turns: tuple[ConversationTurn, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    stream: bool = False


def read_conversation(
    payload: Mapping[str, Any],
    *,
    system: Iterable[str],
    turns: Iterable[ConversationTurn],
    tools: Iterable[Tool],
    tool_choice: str,
    parameters: dict[str, Any],
) -> ProviderRequest:
    """A request whose body has `model` and `stream`, and the rest as its dialect reads it."""
    return ProviderRequest(
        model=str(payload.get("model", "")),
        system=tuple(system),
        turns=merged_turns(turns),
        tools=tuple(tools),
        tool_choice=tool_choice,
        parameters=parameters,
        stream=payload.get("stream") is True,
    )


def texts_of(content: Any) -> list[str]:
    """The texts of a content that is one text, or a list with parts of the type `text`."""
    if isinstance(content, str):
        return [content]
    return [str(part.get("text", "")) for part in objects(content) if part.get("type") == "text"]


def merged_turns(turns: Iterable[ConversationTurn]) -> tuple[ConversationTurn, ...]:
    """Turns with consecutive ones of one side as one."""
    merged: list[ConversationTurn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1] = ConversationTurn(role=turn.role, parts=merged[-1].parts + turn.parts)
        else:
            merged.append(turn)
    return tuple(merged)


def without(request: ProviderRequest, omitted: frozenset[Omission]) -> ProviderRequest:
    """A request as far as a dialect can carry it; where tools can't be forbidden, none may be offered."""
    turns = [replace(turn, parts=tuple(_part_without(part, omitted) for part in turn.parts)) for turn in request.turns]
    if "tool choice" not in omitted:
        return replace(request, turns=tuple(turns))
    tools = () if request.tool_choice == "none" else request.tools
    return replace(request, turns=tuple(turns), tools=tools, tool_choice="")


def _part_without(part: MessagePart, omitted: frozenset[Omission]) -> MessagePart:
    if part.kind == "image" and "media types" in omitted:
        return replace(part, text=re.sub(r"^data:[^;]*;", "data:;", part.text))
    return replace(part, id="") if "call ids" in omitted else part


def object_in(value: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object; an empty one otherwise."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; of what is no list, none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
