"""How the events of Responses streams are written, for streams to be judged."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1767225600,
    "status": "in_progress",
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}


def written(*events: Json, first: int = 0) -> bytes:
    """Encode events, numbered from `first` on where they have no number of their own."""
    numbered = ({"sequence_number": first + at, **one} for at, one in enumerate(events))
    return "".join(
        f"event: {one['type']}\ndata: {json.dumps(one, ensure_ascii=False)}\n\n" for one in numbered
    ).encode()


def event(kind: str, **fields: Any) -> Json:
    return {"type": f"response.{kind}", **fields}


def state(kind: str, *output: Json, **more: Any) -> Json:
    status = {"created": "in_progress"}.get(kind, kind)
    return event(kind, response={**RESPONSE, "status": status, "output": list(output), **more})


def part_of(kind: str, text: str) -> Json:
    return (
        {"type": "refusal", "refusal": text} if kind == "refusal" else {"type": kind, "text": text, "annotations": []}
    )


def message(*parts: Json, at: int = 0, status: str = "completed") -> Json:
    return {"type": "message", "id": f"msg_{at}", "role": "assistant", "status": status, "content": list(parts)}


def place(at: int = 0, part: int = 0, of: str = "msg") -> Json:
    return {"item_id": f"{of}_{at}", "output_index": at, "content_index": part}


def added(item: Json, at: int = 0) -> Json:
    return event("output_item.added", output_index=at, item=item)


def done(item: Json, at: int = 0) -> Json:
    return event("output_item.done", output_index=at, item=item)


def says(*pieces: str, kind: str = "output_text", at: int = 0, part: int = 0) -> tuple[Json, ...]:
    """A part of a message, in pieces."""
    whole = "".join(pieces)
    field = "refusal" if kind == "refusal" else "text"
    return (
        event("content_part.added", **place(at, part), part=part_of(kind, "")),
        *(event(f"{kind}.delta", **place(at, part), delta=one, logprobs=[]) for one in pieces),
        event(f"{kind}.done", **place(at, part), **{field: whole}, logprobs=[]),
        event("content_part.done", **place(at, part), part=part_of(kind, whole)),
    )


def call(at: int = 0, arguments: str = '{"q":1}', **more: Any) -> Json:
    return {
        "type": "function_call",
        "id": f"fc_{at}",
        "call_id": f"call_{at}",
        "name": "look_up",
        "arguments": arguments,
        "status": "completed",
        **more,
    }


def calls(at: int = 0) -> tuple[Json, ...]:
    where = {"item_id": f"fc_{at}", "output_index": at}
    return (
        added(call(at, ""), at),
        event("function_call_arguments.delta", **where, delta='{"q"'),
        event("function_call_arguments.delta", **where, delta=":1}"),
        event("function_call_arguments.done", **where, arguments='{"q":1}'),
        done(call(at), at),
    )


def thinks(at: int = 0) -> tuple[Json, ...]:
    where = {"item_id": f"rs_{at}", "output_index": at, "summary_index": 0}
    summary = {"type": "summary_text", "text": "Hm."}
    return (
        added({"type": "reasoning", "id": f"rs_{at}", "summary": []}, at),
        event("reasoning_summary_part.added", **where, part={**summary, "text": ""}),
        event("reasoning_summary_text.delta", **where, delta="Hm."),
        event("reasoning_summary_text.done", **where, text="Hm."),
        event("reasoning_summary_part.done", **where, part=summary),
        done({"type": "reasoning", "id": f"rs_{at}", "summary": [summary], "encrypted_content": "c2VjcmV0"}, at),
    )


def with_parts(*parts: tuple[Json, ...], at: int = 0) -> tuple[Json, ...]:
    whole = message(*(one[-1]["part"] for one in parts), at=at)
    return (
        added(message(at=at, status="in_progress"), at),
        *(event for part in parts for event in part),
        done(whole, at),
    )


CREATED, IN_PROGRESS = state("created"), state("in_progress")
HELLO = with_parts(says("Hel", "lo"))
ITEM = message(part_of("output_text", "Hello"))
COMPLETED = state("completed", ITEM)
FAULT: Json = {"type": "error", "code": "server_error", "message": "It failed.", "param": None}
FAILED = state("failed", error={"code": "server_error", "message": "It failed."})
PLAIN = written(CREATED, IN_PROGRESS, *HELLO, COMPLETED)
SEARCH: Json = {"type": "web_search_call", "id": "ws_0", "status": "completed"}
CUSTOM: Json = {"type": "custom_tool_call", "id": "ctc_0", "call_id": "call_0", "name": "shell", "input": "ls"}


def without(kind: str, events: tuple[Json, ...] = HELLO) -> tuple[Json, ...]:
    return tuple(one for one in events if one["type"] != f"response.{kind}")


def changed(kind: str, events: tuple[Json, ...] = HELLO, **fields: Any) -> tuple[Json, ...]:
    return tuple({**one, **fields} if one["type"] == f"response.{kind}" else one for one in events)
