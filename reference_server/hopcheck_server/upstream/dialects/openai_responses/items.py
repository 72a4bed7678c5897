"""The output of a response: its items, and the events in which a stream sends each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.template import TAG
from hopcheck_server.upstream.script.turns import Choice, ToolCall

Named = tuple[str, Json]
"""An event: its type without `response.`, and its fields but the sequence number."""


class Item(NamedTuple):
    """An item of the output.

    Attributes:
        whole: As it is in the end.
        begun: As it is when it is added.
        events: What is sent in between, without the item's place.
    """

    whole: Json
    begun: Json
    events: tuple[Named, ...]


def items_of(choice: Choice) -> list[Item]:
    """What a choice has, in OpenAI's order: reasoning, the message, calls."""
    items = [_reasoning(choice)] if choice.reasoning else []
    if choice.text or choice.message.get("refusal"):
        items.append(_message(choice))
    return [*items, *(_call(number, call) for number, call in enumerate(choice.tool_calls))]


def item_events(index: int, item: Item) -> Iterator[Named]:
    """The events of the item at a place of the output."""
    yield "output_item.added", {"output_index": index, "item": item.begun}
    for name, fields in item.events:
        yield name, {"item_id": item.whole["id"], "output_index": index, **fields}
    yield "output_item.done", {"output_index": index, "item": item.whole}


def _message(choice: Choice) -> Item:
    refusal = choice.message.get("refusal")
    pieces = (str(refusal),) if refusal else choice.text
    kind, field = ("refusal", "refusal") if refusal or choice.finish == "refused" else ("output_text", "text")
    head = {"id": f"msg_hop{TAG}", "type": "message", "role": "assistant"}
    part = _part(kind, field, "".join(pieces))
    whole = {**head, "status": "incomplete" if choice.finish == "length" else "completed", "content": [part]}
    begun = {**head, "status": "in_progress", "content": []}
    return Item(whole, begun, tuple(_part_events(kind, field, pieces)))


def _part(kind: str, field: str, text: str) -> Json:
    return {"type": kind, field: text, **({"annotations": [], "logprobs": []} if kind == "output_text" else {})}


def _part_events(kind: str, field: str, pieces: tuple[str, ...]) -> Iterator[Named]:
    place = {"content_index": 0}
    more: Json = {"logprobs": []} if kind == "output_text" else {}
    whole = "".join(pieces)
    yield "content_part.added", {**place, "part": _part(kind, field, "")}
    for piece in pieces:
        yield f"{kind}.delta", {**place, "delta": piece, **more}
    yield f"{kind}.done", {**place, field: whole, **more}
    yield "content_part.done", {**place, "part": _part(kind, field, whole)}


def _reasoning(choice: Choice) -> Item:
    text = "".join(choice.reasoning)
    summary = [{"type": "summary_text", "text": text}]
    secret = {"encrypted_content": choice.signature} if choice.signature else {}
    head = {"id": f"rs_hop{TAG}", "type": "reasoning"}
    return Item({**head, "summary": summary, **secret}, {**head, "summary": []}, tuple(_summary_events(choice, text)))


def _summary_events(choice: Choice, text: str) -> Iterator[Named]:
    place = {"summary_index": 0}
    yield "reasoning_summary_part.added", {**place, "part": {"type": "summary_text", "text": ""}}
    for piece in choice.reasoning:
        yield "reasoning_summary_text.delta", {**place, "delta": piece}
    yield "reasoning_summary_text.done", {**place, "text": text}
    yield "reasoning_summary_part.done", {**place, "part": {"type": "summary_text", "text": text}}


def _call(number: int, call: ToolCall) -> Item:
    head = {"id": f"fc_hop{TAG}_{number}", "type": "function_call", "call_id": call.id, "name": call.name}
    text = "".join(call.arguments)
    deltas = tuple(("function_call_arguments.delta", {"delta": piece}) for piece in call.arguments)
    done = ("function_call_arguments.done", {"arguments": text, "name": call.name})
    whole = {**head, "arguments": text, "status": "completed"}
    return Item(whole, {**head, "arguments": "", "status": "in_progress"}, (*deltas, done))
