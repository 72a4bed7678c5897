"""Variants of a recorded stream: lines and chunks that LiteLLM didn't send and that mean the same to any reader.

The module knows neither sockets nor clocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hopcheck.authoring.findings import LevelName
from hopcheck.cassettes import Interaction
from hopcheck_contracts.sse import Event, EventParser

Chunk = dict[str, Any]

UNKNOWN = "x_hopcheck"
"""A field that no API defines."""

LINES: Mapping[str, LevelName] = {"comments": "MUST", "crlf": "SHOULD", "no-space": "SHOULD", "two-lines": "SHOULD"}
"""Ways to write events, and how binding it is to read them: with comments; with other line ends; without a space after
`data:`; with a payload over two lines, after other fields."""

CHUNKS: Mapping[str, LevelName] = {"empty-choices": "MUST", "empty-deltas": "MUST", "unknown-fields": "SHOULD"}
"""Chunks without content: no choices; an empty or null delta; and an unknown field."""


def can_be_rewritten(interaction: Interaction) -> bool:
    """Whether a stream is complete, and all of its chunks are valid."""
    if interaction.response is None or interaction.delivery.ended != "complete":
        return False
    events = _events(interaction.response.body)
    return bool(events) and events[-1].is_done and all(one.is_done or _is_chunk(one) for one in events[:-1])


def rewritten(body: bytes, ways: frozenset[str]) -> bytes:
    """A stream's body, written in these ways of `LINES` and `CHUNKS`."""
    payloads = [*_chunks(_events(body), ways), "[DONE]"]
    end = "\r\n" if "crlf" in ways else "\n"
    return "".join(line + end for payload in payloads for line in _lines(payload, ways)).encode()


def level_of(ways: Iterable[str]) -> LevelName:
    """The level of the most binding of some ways."""
    levels = {**LINES, **CHUNKS}
    return "MUST" if any(levels[way] == "MUST" for way in ways) else "SHOULD"


def meaning(data: Sequence[str]) -> list[Any]:
    """What a stream's data means to a client, without chunks and fields that add nothing."""
    return [known for payload in map(_parsed, data) if not _is_empty(known := _without_unknown(payload))]


def _events(body: bytes) -> list[Event]:
    return [event for event in EventParser().feed(body) if event.data is not None]


def _is_chunk(event: Event) -> bool:
    payload = event.json
    return isinstance(payload, dict) and isinstance(payload.get("choices"), list) and not payload.get("error")


def _chunks(events: Sequence[Event], ways: frozenset[str]) -> Iterator[str]:
    edits = [edit for name, edit in _EDITS.items() if name in ways]
    for place, event in enumerate(events[:-1]):
        if not edits:
            yield event.data or ""
            continue
        chunks: list[Chunk] = [event.json]
        for edit in edits:
            chunks = [edited for chunk in chunks for edited in edit(chunk, place)]
        yield from map(json.dumps, chunks)


def _empty_choices(chunk: Chunk, place: int) -> list[Chunk]:
    """One at the beginning, as providers send it with their prompt filter's results, and one within the text."""
    return [{**chunk, "choices": []}, chunk] if place in (0, 1) and not chunk.get("usage") else [chunk]


def _empty_deltas(chunk: Chunk, place: int) -> list[Chunk]:
    """Empty ones after the first chunk, which has the role."""
    if place or not chunk["choices"]:
        return [chunk]
    index = chunk["choices"][0].get("index", 0)
    deltas: tuple[Chunk, ...] = ({"delta": {}}, {"delta": {"content": None}, "finish_reason": None})
    return [chunk, *({**chunk, "choices": [{"index": index, **delta}]} for delta in deltas)]


def _unknown_fields(chunk: Chunk, place: int) -> list[Chunk]:
    """In the chunk, and in each choice with content: LiteLLM writes an empty choice where there is none."""
    unknown = {UNKNOWN: {"place": place}}
    choices = [
        {**choice, "delta": delta | unknown, **unknown} if (delta := choice.get("delta")) else choice
        for choice in chunk["choices"]
    ]
    return [{**chunk, "choices": choices, **unknown}]


_EDITS: Mapping[str, Callable[[Chunk, int], list[Chunk]]] = {
    "empty-choices": _empty_choices,
    "empty-deltas": _empty_deltas,
    "unknown-fields": _unknown_fields,
}


def _lines(payload: str, ways: frozenset[str]) -> Iterator[str]:
    """An event's lines, the blank one included."""
    if "comments" in ways:
        yield from (": hopcheck", "", ":")
    if "two-lines" in ways:
        yield from ("event: message", "id: 7", "retry: 3000")
        if payload.startswith("{"):
            yield _data("{", ways)
            payload = payload[1:]
    yield from (_data(payload, ways), "")


def _data(text: str, ways: frozenset[str]) -> str:
    return f"data:{text}" if "no-space" in ways else f"data: {text}"


def _parsed(data: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknown(one) for key, one in value.items() if key != UNKNOWN}
    return [_without_unknown(one) for one in value] if isinstance(value, list) else value


def _is_empty(payload: Any) -> bool:
    """Whether a chunk holds nothing about any choice, and no usage."""
    if not isinstance(payload, dict) or payload.get("usage") or not isinstance(payload.get("choices"), list):
        return False
    return not any(map(_has_content, payload["choices"]))


def _has_content(choice: Any) -> bool:
    if not isinstance(choice, dict) or choice.get("finish_reason") or choice.get("logprobs"):
        return True
    delta = choice.get("delta")
    return not isinstance(delta, dict) or any(value is not None for value in delta.values())
