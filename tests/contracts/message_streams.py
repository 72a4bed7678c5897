"""Messages streams to be judged: how they are written, good ones, and ones that each break one rule."""

from __future__ import annotations

import json
from typing import Any

from hopcheck_contracts.grammar.messages import MessageRule

Json = dict[str, Any]

MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 1},
}


def written(*events: Json, end: str = "\n\n") -> bytes:
    """Encode events, each with its `event` line."""
    blocks = (f"event: {one['type']}\ndata: {json.dumps(one, ensure_ascii=False)}{end}" for one in events)
    return "".join(blocks).encode()


def start(block: Json, at: int = 0) -> Json:
    return {"type": "content_block_start", "index": at, "content_block": block}


def delta(kind: str, text: str, at: int = 0) -> Json:
    field = {"input_json_delta": "partial_json"}.get(kind, kind.removesuffix("_delta"))
    return {"type": "content_block_delta", "index": at, "delta": {"type": kind, field: text}}


def stop(at: int = 0) -> Json:
    return {"type": "content_block_stop", "index": at}


def ending(reason: str | None = "end_turn", **more: Any) -> Json:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 2},
        **more,
    }


START: Json = {"type": "message_start", "message": MESSAGE}
TEXT: Json = {"type": "text", "text": ""}
HEL, LO = delta("text_delta", "Hel"), delta("text_delta", "lo")
PING: Json = {"type": "ping"}
STOP: Json = {"type": "message_stop"}
FAULT: Json = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
CALL: Json = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
THINKING: Json = {"type": "thinking", "thinking": "", "signature": ""}
RESULT: Json = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
SEARCH: Json = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}

BODY = (start(TEXT), HEL, LO, stop())
END = (ending(), STOP)
PLAIN = written(START, *BODY, *END)


def called(at: int) -> tuple[Json, ...]:
    return start({**CALL, "id": f"toolu_{at}"}, at), delta("input_json_delta", '{"q":1}', at), stop(at)


GOOD: dict[str, bytes] = {
    "plain": PLAIN,
    "no content": written(START, *END),
    "an empty block": written(START, start(TEXT), stop(), *END),
    "pings anywhere": written(PING, START, PING, start(TEXT), PING, HEL, PING, stop(), PING, ending(), PING, STOP),
    "text, then a call": written(START, *BODY, *called(1), ending("tool_use"), STOP),
    "two calls": written(START, *called(0), *called(1), ending("tool_use"), STOP),
    "a call without input": written(START, start(CALL), delta("input_json_delta", ""), stop(), *END),
    "a call without deltas": written(START, start(CALL), stop(), ending("tool_use"), STOP),
    "thinking with its signature": written(
        START, start(THINKING), delta("thinking_delta", "Hm"), delta("signature_delta", "c2ln"), stop(), *END
    ),
    "redacted thinking": written(START, start({"type": "redacted_thinking", "data": "ZGF0YQ=="}), stop(), *END),
    "thinking, then text": written(
        START, start(THINKING), delta("thinking_delta", "Hm"), stop(), start(TEXT, 1), stop(1), *END
    ),
    "the provider's own tool": written(
        START, start(SEARCH), delta("input_json_delta", "{}"), stop(), start(RESULT, 1), stop(1), *END
    ),
    "a citation": written(
        START,
        start(TEXT),
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "citations_delta", "citation": {"type": "char_location"}},
        },
        stop(),
        *END,
    ),
    "a stop sequence": written(
        START, *BODY, ending("stop_sequence", delta={"stop_reason": "stop_sequence", "stop_sequence": "\n"}), STOP
    ),
    "as long as it may be": written(START, *BODY, ending("max_tokens"), STOP),
    "paused": written(START, *BODY, ending("pause_turn"), STOP),
    "a refusal": written(
        START, *BODY, ending(delta={"stop_reason": "refusal", "stop_details": {"type": "refusal"}}), STOP
    ),
    "the context is full": written(START, *BODY, ending("model_context_window_exceeded"), STOP),
    "two message deltas": written(START, *BODY, ending(None), *END),
    "usage of caches": written(START, *BODY, ending(usage={"output_tokens": 2, "cache_read_input_tokens": 4}), STOP),
    "an unknown event": written(START, {"type": "hologram", "depth": 3}, *BODY, *END),
    "an unknown block": written(START, start({"type": "hologram"}), stop(), *END),
    "an unknown block with text": written(START, start({"type": "hologram"}), HEL, stop(), *END),
    "an unknown delta": written(
        START, start(TEXT), {"type": "content_block_delta", "index": 0, "delta": {"type": "x_delta"}}, stop(), *END
    ),
    "vendor fields": written({**START, "x": 1}, *BODY, {**ending(), "context_management": None}, STOP),
    "an error first": written(FAULT),
    "an error after text": written(START, start(TEXT), HEL, FAULT),
    "an error between blocks": written(START, *BODY, FAULT),
    "an error of a server's own class": written(START, {"type": "error", "error": {"type": "hop", "message": "x"}}),
    "an error with a request id": written(START, {**FAULT, "request_id": "req_1"}),
    "a ping after an error": written(START, FAULT, PING),
    "comments": b": connected\n\n" + written(START, *BODY) + b": still here\n\n" + written(*END),
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CR": PLAIN.replace(b"\n", b"\r"),
    "no space after the colon": PLAIN.replace(b"data: ", b"data:").replace(b"event: ", b"event:"),
    "the event line last": b"".join(
        b"\n".join(reversed(block.split(b"\n"))) + b"\n\n" for block in PLAIN.split(b"\n\n") if block
    ),
    "ids and retries": PLAIN.replace(b"event: ", b"id: 7\nretry: 10\nevent: "),
    "data on several lines": PLAIN.replace(b', "index"', b',\ndata: "index"'),
    "characters of four bytes": written(START, start(TEXT), delta("text_delta", "👩‍👩‍👧 ¿\u2028"), stop(), *END),
    "text that looks like an event": written(START, start(TEXT), delta("text_delta", "event: ping\n\n"), stop(), *END),
}

BROKEN: dict[str, tuple[MessageRule, bytes]] = {
    "nothing at all": (MessageRule.START_FIRST, b""),
    "no message_start": (MessageRule.START_FIRST, written(*BODY, *END)),
    "message_start after a block": (MessageRule.START_FIRST, written(start(TEXT), START, HEL, stop(), *END)),
    "message_start twice": (MessageRule.START_FIRST, written(START, START, *BODY, *END)),
    "no event lines": (MessageRule.EVENT_LINE, PLAIN.replace(b"event: ", b"x: ")),
    "one event line is missing": (MessageRule.EVENT_LINE, PLAIN.replace(b"event: message_stop\n", b"")),
    "another event line": (MessageRule.EVENT_LINE, PLAIN.replace(b"event: message_delta", b"event: message_stop")),
    "the error's line is missing": (
        MessageRule.EVENT_LINE,
        written(START, start(TEXT), HEL, FAULT).replace(b"event: error\n", b""),
    ),
    "the first block is 1": (MessageRule.BLOCK_INDEX, written(START, start(TEXT, 1), stop(1), *END)),
    "a block is left out": (MessageRule.BLOCK_INDEX, written(START, *BODY, start(TEXT, 2), stop(2), *END)),
    "a block's index again": (MessageRule.BLOCK_INDEX, written(START, *BODY, *BODY, *END)),
    "a block within a block": (
        MessageRule.ONE_OPEN_BLOCK,
        written(START, start(TEXT), start(CALL, 1), stop(1), *END),
    ),
    "a block isn't closed": (MessageRule.ONE_OPEN_BLOCK, written(START, start(TEXT), HEL, *END)),
    "the last block isn't closed": (MessageRule.ONE_OPEN_BLOCK, written(START, *BODY, start(CALL, 1), *END)),
    "a delta without a block": (MessageRule.OPEN_BLOCK, written(START, HEL, *END)),
    "a delta after the block": (MessageRule.OPEN_BLOCK, written(START, *BODY, LO, *END)),
    "a delta of another block": (MessageRule.OPEN_BLOCK, written(START, *BODY, start(TEXT, 1), HEL, stop(1), *END)),
    "a stop without a block": (MessageRule.OPEN_BLOCK, written(START, stop(), *END)),
    "a block stopped twice": (MessageRule.OPEN_BLOCK, written(START, *BODY, stop(), *END)),
    "another block stopped": (MessageRule.OPEN_BLOCK, written(START, *BODY, start(TEXT, 1), stop(0), stop(1), *END)),
    "input in text": (
        MessageRule.DELTA_TYPE,
        written(START, start(TEXT), delta("input_json_delta", "{}"), stop(), *END),
    ),
    "text in a call": (MessageRule.DELTA_TYPE, written(START, start(CALL), HEL, stop(), *END)),
    "text in thinking": (MessageRule.DELTA_TYPE, written(START, start(THINKING), HEL, stop(), *END)),
    "a signature in text": (
        MessageRule.DELTA_TYPE,
        written(START, start(TEXT), delta("signature_delta", "c2ln"), stop(), *END),
    ),
    "thinking in redacted thinking": (
        MessageRule.DELTA_TYPE,
        written(START, start({"type": "redacted_thinking", "data": "x"}), delta("thinking_delta", "a"), stop(), *END),
    ),
    "no message_delta": (MessageRule.STOP_REASON, written(START, *BODY, STOP)),
    "no stop reason": (MessageRule.STOP_REASON, written(START, *BODY, ending(None), STOP)),
    "two stop reasons": (MessageRule.STOP_REASON, written(START, *BODY, ending(), *END)),
    "a block after message_delta": (MessageRule.MESSAGE_END, written(START, ending(), *BODY, STOP)),
    "no message_stop": (MessageRule.STOP_LAST, written(START, *BODY, ending())),
    "message_stop twice": (MessageRule.STOP_LAST, written(START, *BODY, *END, STOP)),
    "a ping after message_stop": (MessageRule.STOP_LAST, written(START, *BODY, *END, PING)),
    "an error after message_stop": (MessageRule.STOP_LAST, written(START, *BODY, *END, FAULT)),
    "text after an error": (MessageRule.ERROR_LAST, written(START, start(TEXT), FAULT, HEL)),
    "an end after an error": (MessageRule.ERROR_LAST, written(START, *BODY, FAULT, ending())),
    "[DONE]": (MessageRule.NO_DONE, PLAIN + b"data: [DONE]\n\n"),
    "[DONE] instead of message_stop": (MessageRule.NO_DONE, written(START, *BODY, ending()) + b"data: [DONE]\n\n"),
    "cut within an event": (MessageRule.COMPLETE_EVENTS, PLAIN + b"event: ping"),
    "cut within a character": (MessageRule.ENCODING, PLAIN.replace(b"Hel", b"\xf0\x9f")),
    "no JSON": (MessageRule.SCHEMA, b"event: ping\ndata: {\n\n" + PLAIN),
    "no object": (MessageRule.SCHEMA, b"event: ping\ndata: 7\n\n" + PLAIN),
    "no type": (MessageRule.SCHEMA, b'event: ping\ndata: {"x": 1}\n\n' + PLAIN),
    "a message without usage": (
        MessageRule.SCHEMA,
        written({**START, "message": {k: v for k, v in MESSAGE.items() if k != "usage"}}, *BODY, *END),
    ),
    "a block without an index": (MessageRule.SCHEMA, written(START, {**start(TEXT), "index": None}, *END)),
    "a delta without text": (
        MessageRule.SCHEMA,
        written(START, start(TEXT), {**HEL, "delta": {"type": "text_delta"}}, stop(), *END),
    ),
    "an unknown stop reason": (MessageRule.SCHEMA, written(START, *BODY, ending("eos"), STOP)),
    "no output tokens": (MessageRule.SCHEMA, written(START, *BODY, ending(usage={}), STOP)),
    "an error of OpenAI's shape": (
        MessageRule.SCHEMA,
        written(START) + b'data: {"error": {"message": "x", "type": "y"}}\n\n' + written(*END),
    ),
    "an error without a message": (MessageRule.SCHEMA, written(START, {"type": "error", "error": {"type": "x"}}, *END)),
}
