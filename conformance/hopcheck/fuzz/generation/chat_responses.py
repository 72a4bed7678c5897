"""Makes generated chat completions consistent, cuts them into a stream's chunks, and joins chunks again. Pure.

The generator knows schemas only. This module sets what must hold between fields, so that any careful proxy passes the
response on unchanged: the indexes of choices, finish reasons that fit, sums of tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.fuzz.generation.numbers import DOUBLE_EXACT, portable_numbers

JSON = dict[str, Any]

_IDENTITY = ("id", "created", "model")
_PIECEMEAL = ("content", "refusal")
_NOT_IN_DELTAS = frozenset({"role", "annotations", *_PIECEMEAL, "tool_calls"})


def reconcile_fields(body: JSON, n: int) -> JSON:
    """A generated completion with `n` choices, made consistent: indexes, finish reasons and token sums are right."""
    body = portable_numbers(body, DOUBLE_EXACT)
    given = body["choices"] or [{"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]
    choices = [given[place % len(given)] for place in range(n)]
    body["choices"] = [{**_finished(choice), "index": place} for place, choice in enumerate(choices)]
    usage = body.get("usage")
    if usage:
        prompt, completion = (usage[name] % 10**9 for name in ("prompt_tokens", "completion_tokens"))
        totals = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        body["usage"] = {**usage, **totals}
    return dict(body)


def _finished(choice: JSON) -> JSON:
    """A choice whose finish reason is `tool_calls` where it calls tools, and only there; likewise the older form."""
    message, finish = choice["message"], choice["finish_reason"]
    if message.get("tool_calls"):
        message = {key: value for key, value in message.items() if key != "function_call"}
        finish = "tool_calls"
    elif message.get("function_call"):
        finish = "function_call"
    elif finish in ("tool_calls", "function_call"):
        finish = "stop"
    return {**choice, "message": message, "finish_reason": finish}


def chunks_of(body: JSON, cuts: Sequence[int], *, usage: bool) -> list[JSON]:
    """A completion as the chunks of a stream.

    Args:
        body: The completion, made consistent.
        cuts: Characters in each piece of a text; the numbers are used in turn.
        usage: Whether the usage was asked for.
    """
    head = {name: body[name] for name in _IDENTITY} | {"object": "chat.completion.chunk"}
    shared = {name: body[name] for name in ("service_tier", "system_fingerprint") if name in body}
    pieces = [piece for choice in body["choices"] for piece in _pieces(choice, cuts)]
    chunks = [{**head, **shared, "choices": [piece]} for piece in pieces]
    if usage:
        used = body.get("usage") or {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        chunks.append({**head, **shared, "choices": [], "usage": used})
    return chunks


def _pieces(choice: JSON, cuts: Sequence[int]) -> Iterator[JSON]:
    """The pieces of one choice: its role, its texts, its calls, its other fields, its finish reason."""
    message, logprobs = choice["message"], choice.get("logprobs")

    def piece(finish: str | None = None, **delta: Any) -> JSON:
        return {"index": choice["index"], "delta": delta, "finish_reason": finish}

    yield piece(role="assistant", content="" if message["content"] is not None else None)
    if logprobs:
        yield {**piece(content=""), "logprobs": logprobs}
    for name in _PIECEMEAL:
        for text in _cut(message.get(name) or "", cuts):
            yield piece(**{name: text})
    for place, call in enumerate(message.get("tool_calls") or ()):
        for part in _call_parts(call, cuts):
            yield piece(tool_calls=[{"index": place, **part}])
    rest = {name: value for name, value in message.items() if name not in _NOT_IN_DELTAS and value is not None}
    if rest:
        yield piece(**rest)
    yield piece(choice["finish_reason"])


def _call_parts(call: JSON, cuts: Sequence[int]) -> Iterator[JSON]:
    """A tool call: its id, type and name, then its arguments or input."""
    kind = call["type"]
    text = "arguments" if kind == "function" else "input"
    content = call[kind]
    yield {"id": call["id"], "type": kind, kind: {"name": content["name"], text: ""}}
    for part in _cut(content[text], cuts):
        yield {kind: {text: part}}


def _cut(text: str, cuts: Sequence[int]) -> Iterator[str]:
    turn = 0
    while text:
        size = max(1, cuts[turn % len(cuts)]) if cuts else len(text)
        yield text[:size]
        text, turn = text[size:], turn + 1


def join_chunks(chunks: Sequence[Any]) -> JSON:
    """A stream's chunks as one completion: `{choices, usage, system_fingerprint, service_tier}`.

    Args:
        chunks: The JSON of the stream's events; what isn't a chunk is ignored.
    """
    choices: dict[Any, JSON] = {}
    rest: JSON = {}
    for chunk in chunks:
        if not isinstance(chunk, dict):
            continue
        for name in ("usage", "system_fingerprint", "service_tier"):
            rest[name] = chunk.get(name) or rest.get(name)
        for piece in chunk.get("choices") or ():
            if isinstance(piece, dict):
                _add(choices.setdefault(piece.get("index"), {"message": {}, "calls": {}}), piece)
    ordered = sorted(choices.items(), key=lambda item: repr(item[0]))
    return {**rest, "choices": [_joined_choice(index, choice) for index, choice in ordered]}


def _add(choice: JSON, piece: Mapping[str, Any]) -> None:
    message = choice["message"]
    for name, value in (piece.get("delta") or {}).items():
        if name == "tool_calls":
            for call in value or ():
                _add_call(choice["calls"].setdefault(call.get("index"), {}), call)
        elif value is not None:
            message[name] = message.get(name, "") + value if name in _PIECEMEAL else value
    choice["finish_reason"] = piece.get("finish_reason") or choice.get("finish_reason")
    for name, tokens in (piece.get("logprobs") or {}).items():
        if tokens:
            choice.setdefault("logprobs", {}).setdefault(name, []).extend(tokens)


def _add_call(call: JSON, part: Mapping[str, Any]) -> None:
    for kind in ("function", "custom"):
        for name, value in (part.get(kind) or {}).items():
            content = call.setdefault(kind, {})
            content[name] = content.get(name, "") + (value or "") if name in ("arguments", "input") else value
    call.update({name: part[name] for name in ("id", "type") if part.get(name)})


def _joined_choice(index: Any, choice: JSON) -> JSON:
    message = choice["message"]
    calls = [call for _, call in sorted(choice["calls"].items(), key=lambda item: repr(item[0]))]
    joined = {**message, "content": message.get("content") or None, "tool_calls": calls}
    rest: JSON = {name: choice[name] for name in ("finish_reason", "logprobs") if name in choice}
    return {"index": index, "message": joined, **rest}
