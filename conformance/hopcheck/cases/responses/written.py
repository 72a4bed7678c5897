"""Responses as they stand on the wire, for what no story of the upstream's says."""

import json
from collections.abc import Iterator
from typing import Any

from hopcheck import dig, reply
from hopcheck import items as items_of

Json = dict[str, Any]


def written(output: list[Json], status: str = "completed", **more: Any) -> Json:
    """A whole response with this output."""
    head = {"id": "resp_hopwritten", "object": "response", "created_at": 1767225600, "model": "fake-model"}
    usage = {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    around = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None}
    return {**head, "status": status, "output": output, "usage": usage, **around, **more}


def message(text: str, **part: Any) -> Json:
    """An item with a text."""
    content = {"type": "output_text", "text": text, "annotations": [], **part}
    return {"id": "msg_hopwritten", "type": "message", "role": "assistant", "status": "completed", "content": [content]}


def items_done(*items: Json) -> list[Json]:
    """The events of items; of their pieces, there are those of summaries alone."""
    return [event for index, item in enumerate(items) for event in _item_events(index, item)]


def _item_events(index: int, item: Json) -> Iterator[Json]:
    summary = items_of(item, "summary")
    begun_item = {**item, "summary": []} if summary else item
    yield {"type": "response.output_item.added", "output_index": index, "item": begun_item}
    for number, part in enumerate(summary):
        place = {"item_id": item["id"], "output_index": index, "summary_index": number}
        yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        yield {"type": "response.reasoning_summary_text.delta", **place, "delta": part["text"]}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": part}
    for number, part in enumerate(items_of(item, "content")):
        place = {"item_id": item["id"], "output_index": index, "content_index": number}
        for source, one in enumerate(items_of(part, "annotations")):
            added = {"annotation_index": source, "annotation": one}
            yield {"type": "response.output_text.annotation.added", **place, **added}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def begun() -> Json:
    """The first event of a stream."""
    return {"type": "response.created", "response": written([], "in_progress", usage=None)}


def streamed(*events: Json) -> Any:
    """A stream of these events, named and numbered."""
    numbered = [{"type": one["type"], "sequence_number": number, **one} for number, one in enumerate(events)]
    text = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in numbered)
    return reply.raw(200, text, "text/event-stream")


def both(*items: Json, **more: Any) -> dict[str, Any]:
    """The same response in one piece and as a stream; a request chooses by its operation's name."""
    whole = written(list(items), **more)
    ending = {"type": f"response.{whole['status']}", "response": whole}
    return {"responses": reply.json_body(whole), "responses.stream": streamed(begun(), *items_done(*items), ending)}


def output_of(response: Any) -> Any:
    """The output of a response, in one piece or as the last event of its stream has it."""
    return dig(response.final, "output") if hasattr(response, "final") else response.at("output")
