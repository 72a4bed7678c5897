"""The content of responses on the surfaces whose streams have typed events, in one form for JSON and for streams. Pure.

Empty members are as good as none, and the ids of a response and its items are the server's own to give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hopcheck.client.operations.responses_api.response_results import TERMINAL
from hopcheck.client.paths import items
from hopcheck.engine.exchanges.content import index_of, with_more
from hopcheck.engine.exchanges.message import Message
from hopcheck_contracts.bounded_json import loads_or_none

Json = dict[str, Any]

_JOINED = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
"""The fields of a block to which the deltas of Anthropic's streams add, by the type of delta."""

_PARTIAL = "partial_json"

_ARGUMENTS = "arguments"
"""In the names of members that hold the arguments of a call, whole or in pieces."""

_OF_RESPONSE = ("status", "incomplete_details", "error", "service_tier")


def message_content(message: Message) -> Json:
    """A message of Anthropic's, or a stream's deltas joined: `{content, stop_reason, stop_sequence, usage}`."""
    whole = _joined_message(message.payloads) if message.streams else message.json
    body = whole if isinstance(whole, dict) else {}
    usage = _counted(body.get("usage"))
    named = {name: body.get(name) for name in ("stop_reason", "stop_sequence")}
    return {"content": [_filled(one) for one in items(body, "content")], **named, "usage": usage}


def response_content(message: Message) -> Json:
    """A response of OpenAI's Responses: `{output, status, incomplete_details, error, service_tier, usage}`.

    A stream has its output three times, and clients read either: `output` is that of the event which ends it, `items`
    are those that were done, and `pieces` their texts as the deltas make them.
    """
    if not message.streams:
        return _whole_response(message.json)
    payloads = [one for one in message.payloads if isinstance(one, dict)]
    final = next((one.get("response") for one in reversed(payloads) if one.get("type") in TERMINAL), None)
    done = [one.get("item") for one in payloads if one.get("type") == "response.output_item.done"]
    return {**_whole_response(final), "items": [_item(one) for one in done], "pieces": _pieces(payloads)}


def parsed_calls(content: Json) -> Json:
    """The content of a response with the arguments of its calls as JSON, as a translated one gives them."""
    found = dict(content)
    for name, value in found.items():
        if isinstance(value, list):
            found[name] = [_parsed(one) for one in value]
    return found


def _parsed(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: _value(one) if _ARGUMENTS in name and isinstance(one, str) else one for name, one in item.items()}


def _value(text: str) -> Any:
    """Arguments as JSON; no text is as good as no arguments, and what is no JSON stays text."""
    found = loads_or_none(text.encode() or b"{}")
    return text if found is None else found


def _joined_message(events: Sequence[Any]) -> Json:
    """What a stream of Anthropic's adds up to."""
    blocks: dict[Any, Json] = {}
    around: Json = {}
    usage: Json = {}
    for event in events:
        match event:
            case {"type": "message_start", "message": dict(message)}:
                usage |= _given(message.get("usage"))
            case {"type": "content_block_start", "content_block": dict(block)}:
                blocks.setdefault(index_of(event), dict(block))
            case {"type": "content_block_delta", "delta": dict(delta)}:
                _add(blocks.setdefault(index_of(event), {}), delta)
            case {"type": "message_delta", "delta": dict(delta)}:
                around |= _given(delta)
                usage |= _given(event.get("usage"))
    return {**around, "content": [_with_input(one) for one in blocks.values()], "usage": usage}


def _add(block: Json, delta: Mapping[str, Any]) -> None:
    kind = str(delta.get("type"))
    if kind == "input_json_delta":
        block[_PARTIAL] = with_more(block.get(_PARTIAL) or "", delta.get(_PARTIAL))
    elif kind in _JOINED:
        name = _JOINED[kind]
        block[name] = with_more(block.get(name) or "", delta.get(name))
    elif kind == "citations_delta":
        block["citations"] = [*items(block, "citations"), delta.get("citation")]
    else:
        block["deltas"] = [*items(block, "deltas"), dict(delta)]


def _with_input(block: Json) -> Json:
    """A call with its input as JSON; text that is none stays text."""
    partial = block.pop(_PARTIAL, None)
    if not partial:
        return block
    return {**block, "input": _value(partial) if isinstance(partial, str) else partial}


def _whole_response(body: Any) -> Json:
    body = body if isinstance(body, dict) else {}
    named = {name: _filled(body.get(name)) for name in _OF_RESPONSE}
    return {"output": [_item(one) for one in items(body, "output")], **named, "usage": _counted(body.get("usage"))}


def _item(item: Any) -> Any:
    """An item without its id."""
    filled = _filled(item)
    return {name: value for name, value in filled.items() if name != "id"} if isinstance(filled, dict) else filled


def _pieces(payloads: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The texts that the deltas of each item make, by their kinds."""
    texts: dict[Any, Json] = {}
    for payload in payloads:
        kind, delta = str(payload.get("type")), payload.get("delta")
        if kind.endswith(".delta") and isinstance(delta, str):
            item, name = texts.setdefault(index_of(payload, "output_index"), {}), _place(kind, payload)
            item[name] = item.get(name, "") + delta
    return [texts[index] for index in sorted(texts, key=repr)]


def _place(kind: str, payload: Mapping[str, Any]) -> str:
    part = payload.get("content_index", payload.get("summary_index", 0))
    return f"{kind.removeprefix('response.').removesuffix('.delta')} {part}".replace(".", " ")


def _given(value: Any) -> Json:
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else {}


def _counted(usage: Any) -> Any:
    """A usage in which nothing of a kind is as good as no word of it; the two sums stay."""
    if not isinstance(usage, dict):
        return usage
    counted = {name: _counted(value) for name, value in usage.items()}
    kept = {name: value for name, value in counted.items() if name in ("input_tokens", "output_tokens") or value}
    return kept or None


def _filled(value: Any) -> Any:
    """A JSON value without the empty members of its objects."""
    if isinstance(value, dict):
        filled = {name: _filled(one) for name, one in value.items()}
        return {name: one for name, one in filled.items() if one is not None and one not in ("", [], {})}
    return [_filled(one) for one in value] if isinstance(value, list) else value
