"""Messages as they stand on the wire, for what no story of the upstream's says."""

import json
from collections.abc import Iterator
from typing import Any

from hopcheck import dig, items, reply

Json = dict[str, Any]

WRITTEN = {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 3}

USAGE = {"input_tokens": 9, "cache_creation_input_tokens": 8, "cache_creation": WRITTEN, "output_tokens": 2}
"""What a cache keeps for an hour costs more than what it keeps for five minutes."""

AT_THE_END = {"input_tokens": 31, "output_tokens": 2}
"""What the provider's own searches have found is input, too."""

SEARCHES = {"server_tool_use": {"web_search_requests": 1}}

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


def written(content: list[Json], **more: Any) -> Json:
    """A whole message with these blocks."""
    head = {"id": "msg_hopwritten", "type": "message", "role": "assistant", "model": "fake-model"}
    ending = {"stop_reason": "end_turn", "stop_sequence": None, "usage": {**USAGE, **SEARCHES}}
    return {**head, "content": content, **ending, **more}


def started() -> Json:
    """The first event of a stream."""
    return {"type": "message_start", "message": written([], stop_reason=None, usage=USAGE)}


def block_events(index: int, block: Json, *deltas: Json) -> list[Json]:
    """The events of a block, which begins as it is given."""
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def stopped(**delta: Any) -> list[Json]:
    """The events that end a stream."""
    reason = {"stop_reason": "end_turn", "stop_sequence": None, **delta}
    return [
        {"type": "message_delta", "delta": reason, "usage": {**AT_THE_END, **SEARCHES}},
        {"type": "message_stop"},
    ]


def streamed(*events: Json) -> Any:
    """A stream of these events, each with its name."""
    text = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    return reply.raw(200, text, "text/event-stream")


def both(*blocks: Json, **ending: Any) -> dict[str, Any]:
    """The same message in one piece and as a stream; a request chooses by its operation's name."""
    events = [event for index, block in enumerate(blocks) for event in block_events(index, *_in_pieces(block))]
    whole = reply.json_body(written(list(blocks), **ending))
    return {"messages": whole, "messages.stream": streamed(started(), *events, *stopped(**ending))}


def _in_pieces(block: Json) -> Iterator[Json]:
    """A block as it begins, and its deltas, where Anthropic sends such a block in pieces."""
    match block:
        case {"type": "thinking", "thinking": str(thought), "signature": str(signature)}:
            yield {"type": "thinking", "thinking": "", "signature": ""}
            yield {"type": "thinking_delta", "thinking": thought}
            yield {"type": "signature_delta", "signature": signature}
        case {"type": "text", "text": str(text), "citations": list(citations)}:
            yield {"type": "text", "text": "", "citations": []}
            yield {"type": "text_delta", "text": text}
            yield from ({"type": "citations_delta", "citation": one} for one in citations)
        case _:
            yield block


def content_of(response: Any) -> list[Any]:
    """The blocks of a message, in one piece or joined from its stream; a call's input is parsed."""
    if not hasattr(response, "objects"):
        content = response.at("content")
        return content if isinstance(content, list) else []
    blocks: dict[int, Json] = {}
    for event in response.objects:
        match event:
            case {"type": "content_block_start", "index": int(index), "content_block": dict(block)}:
                blocks[index] = dict(block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)} if index in blocks:
                _add(blocks[index], delta)
    return [_parsed(blocks[index]) for index in sorted(blocks)]


def _add(block: Json, delta: Json) -> None:
    if delta.get("type") == "citations_delta":
        block["citations"] = [*items(block, "citations"), delta.get("citation")]
        return
    for name in ("text", "thinking", "signature", "partial_json"):
        if isinstance(delta.get(name), str):
            block[name] = str(block.get(name, "")) + delta[name]


def _parsed(block: Json) -> Json:
    partial = block.pop("partial_json", "")
    try:
        return {**block, "input": json.loads(partial)} if partial else block
    except (TypeError, ValueError, RecursionError):
        return {**block, "input": partial}


def ending_of(response: Any) -> tuple[Any, Any]:
    """The stop reason and the stop sequence, in Anthropic's words."""
    if not hasattr(response, "objects"):
        return response.at("stop_reason"), response.at("stop_sequence")
    last = [dig(one, "delta") for one in response.objects if dig(one, "type") == "message_delta"][-1:]
    return dig(last, 0, "stop_reason"), dig(last, 0, "stop_sequence")
