"""The content of a response: what a client makes of it, in one form for JSON and for streams. Pure."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from hopcheck.client.paths import items
from hopcheck.engine.exchanges.message import Message
from hopcheck_contracts.bounded_json import loads_or_none

Json = dict[str, Any]

JOINED = frozenset({"content", "refusal", "reasoning_content", "reasoning"})
"""Texts of a delta, which are joined."""

_CALL_TEXTS = ("arguments", "input")


def chat_content(message: Message) -> Json:
    """A chat completion, or a stream's chunks joined: `{choices, usage, …}`; choices by their index."""
    if message.streams:
        return _joined(message.payloads)
    body = message.json if isinstance(message.json, dict) else {}
    choices = [choice for choice in items(body, "choices") if isinstance(choice, dict)]
    return {**_around(body), "choices": {index_of(choice): _whole_choice(choice) for choice in choices}}


def with_parsed_arguments(content: Json, *, with_ids: bool = True) -> Json:
    """The same with the arguments of calls as JSON: a provider that gives them as such says nothing of their text.

    Args:
        content: The content of a response.
        with_ids: Whether the ids of calls are kept; not every provider gives them any.
    """
    choices = {
        index: {**choice, "tool_calls": [_parsed_call(call, with_ids=with_ids) for call in choice["tool_calls"]]}
        for index, choice in content["choices"].items()
    }
    return {**content, "choices": choices}


def _parsed_call(call: Any, *, with_ids: bool) -> Any:
    if isinstance(call, dict) and not with_ids:
        call = {name: value for name, value in call.items() if name != "id"}
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    arguments = loads_or_none(function["arguments"].encode() or b"{}")  # no text is as good as no arguments
    return call if arguments is None else {**call, "function": {**function, "arguments": arguments}}


def embeddings_content(message: Message) -> Json:
    """The vectors by their index, as numbers of single precision, and the usage."""
    body = message.json if isinstance(message.json, dict) else {}
    data = [one for one in items(body, "data") if isinstance(one, dict)]
    vectors = {index_of(one): _vector(one.get("embedding")) for one in data}
    return {"vectors": vectors, "usage": body.get("usage")}


def index_of(part: Mapping[str, Any], name: str = "index") -> Any:
    """What a part says of its place, which may be anything, in a form that can be a key."""
    index = part.get(name)
    return repr(index) if isinstance(index, list | dict) else index


def _around(body: Mapping[str, Any]) -> Json:
    return {name: body.get(name) for name in ("usage", "system_fingerprint", "service_tier")}


def _whole_choice(choice: Mapping[str, Any]) -> Json:
    message = choice.get("message")
    message = dict(message) if isinstance(message, dict) else {}
    calls = message.pop("tool_calls", None) or []
    return _choice(message, calls if isinstance(calls, list) else [calls], choice)


def _choice(message: Json, calls: Sequence[Any], choice: Mapping[str, Any]) -> Json:
    """Empty texts and lists are as good as none."""
    kept = {name: value for name, value in message.items() if value not in ("", []) and name != "role"}
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, dict):
        logprobs = {name: tokens for name, tokens in logprobs.items() if tokens}
    return {
        **kept,
        "tool_calls": list(calls),
        "finish_reason": choice.get("finish_reason"),
        "logprobs": logprobs or None,
    }


def _joined(chunks: Sequence[Any]) -> Json:
    around: Json = {}
    choices: dict[Any, Json] = {}
    for chunk in chunks:
        if not isinstance(chunk, dict) or "choices" not in chunk:
            continue
        around.update({name: value for name, value in _around(chunk).items() if value is not None})
        for piece in items(chunk, "choices"):
            if isinstance(piece, dict) and _says_something(piece):
                _add(choices.setdefault(index_of(piece), {"message": {}, "calls": {}, "logprobs": {}}), piece)
    joined = {
        index: _choice(choice["message"], list(choice["calls"].values()), choice) for index, choice in choices.items()
    }
    return {**around, "choices": joined}


def _says_something(piece: Mapping[str, Any]) -> bool:
    """Whether a piece is one of a choice: some servers send an empty one with the usage."""
    return bool(piece.get("delta") or piece.get("finish_reason"))


def _add(choice: Json, piece: Mapping[str, Any]) -> None:
    message = choice["message"]
    delta = piece.get("delta")
    for name, value in (delta if isinstance(delta, dict) else {}).items():
        if name == "tool_calls":
            for part in items(delta, name):
                _add_call(choice["calls"], part)
        elif name in JOINED:
            message[name] = with_more(message.get(name), value)
        elif value is not None:
            message[name] = value
    choice["finish_reason"] = piece.get("finish_reason") or choice.get("finish_reason")
    logprobs = piece.get("logprobs")
    for name, tokens in (logprobs if isinstance(logprobs, dict) else {}).items():
        if isinstance(tokens, list):
            choice["logprobs"].setdefault(name, []).extend(tokens)


def _add_call(calls: dict[Any, Json], part: Any) -> None:
    if not isinstance(part, dict):
        return
    call = calls.setdefault(index_of(part), {})
    for name, value in part.items():
        if isinstance(value, dict):
            content = call[name] = call[name] if isinstance(call.get(name), dict) else {}
            for key, text in value.items():
                if key in _CALL_TEXTS:
                    content[key] = with_more(content.get(key, ""), text)
                elif text is not None:  # a later piece may have null for what an earlier one named
                    content[key] = text
        elif name != "index" and value:
            call[name] = value


def with_more(text: Any, more: Any) -> Any:
    """A text with a further piece of it; what is no text takes the place of what was there."""
    if more is None:
        return text
    return text + more if isinstance(text, str) and isinstance(more, str) else more


def _vector(value: Any) -> Any:
    """A vector as numbers of single precision; base64 is decoded."""
    try:
        if isinstance(value, str):
            raw = base64.b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(raw) // 4}f", raw))
        return list(struct.unpack(f"<{len(value)}f", struct.pack(f"<{len(value)}f", *value)))
    except (ValueError, struct.error, TypeError, OverflowError):
        return value
