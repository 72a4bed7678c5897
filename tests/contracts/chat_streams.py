"""Chat streams to be judged: how they are written, good ones, and ones that each break one rule."""

from __future__ import annotations

import json
from typing import Any

from hopcheck_contracts.grammar.chat import Rule

Json = dict[str, Any]

HEAD: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": "m"}
COUNTS = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
DONE = "[DONE]"


def chunk(*choices: Json, **more: Any) -> Json:
    return {**HEAD, "choices": list(choices), **more}


def say(content: str | None = None, *, at: int = 0, finish: str | None = None, **delta: Any) -> Json:
    full = delta if content is None else {"content": content, **delta}
    return {"index": at, "delta": full, "finish_reason": finish}


def call(at: int = 0, **more: Any) -> Json:
    return {"index": at, **more}


FIRST = chunk(say("", role="assistant"))
HEL, LO = chunk(say("Hel")), chunk(say("lo"))
STOP = chunk(say(finish="stop"))
USAGE = chunk(usage=COUNTS)
FAULT = {"error": {"message": "The upstream broke off.", "type": "server_error", "param": None, "code": None}}
LOOK_UP = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}
CALLS = chunk(say(finish="tool_calls"))


def without(payload: Json, name: str) -> Json:
    return {key: value for key, value in payload.items() if key != name}


def stream(*events: Json | str, end: str = "\n\n", before: str = "data: ") -> bytes:
    """Encode events; a text is data as it is."""
    texts = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in events)
    return "".join(f"{before}{text}{end}" for text in texts).encode()


def calling(*pieces: Json) -> bytes:
    """A stream of tool call pieces."""
    return stream(FIRST, *(chunk(say(tool_calls=[piece])) for piece in pieces), CALLS, DONE)


PLAIN = stream(FIRST, HEL, LO, STOP, DONE)
LOGPROBS = {
    "content": [{"token": "Hel", "logprob": -0.5, "bytes": [72, 101, 108], "top_logprobs": []}],
    "refusal": None,
}
AZURE = {
    "id": "",
    "object": "",
    "created": 0,
    "model": "",
    "choices": [],
    "prompt_filter_results": [{"prompt_index": 0}],
}

GOOD: dict[str, bytes] = {
    "plain": PLAIN,
    "role and content together": stream(chunk(say("Hello", role="assistant")), STOP, DONE),
    "role named again and again": stream(FIRST, *(chunk(say(x, role="assistant")) for x in "ab"), STOP, DONE),
    "finish with the last content": stream(FIRST, HEL, chunk(say("lo", finish="stop")), DONE),
    "all in one piece": stream(chunk(say("Hello", role="assistant", finish="stop")), DONE),
    "usage": stream(FIRST, HEL, STOP, USAGE, DONE),
    "usage on the last content chunk": stream(FIRST, HEL, chunk(say("lo", finish="stop"), usage=COUNTS), DONE),
    "usage on the finish chunk": stream(FIRST, HEL, chunk(say(finish="stop"), usage=COUNTS), DONE),
    "usage with one empty choice": stream(FIRST, HEL, STOP, chunk({"index": 0, "delta": {}}, usage=COUNTS), DONE),
    "usage null everywhere else": stream(*({**one, "usage": None} for one in (FIRST, HEL, STOP)), USAGE, DONE),
    "usage with details and a cost": stream(
        FIRST, STOP, chunk(usage={**COUNTS, "prompt_tokens_details": {"cached_tokens": 0}, "cost": 0.1}), DONE
    ),
    "Azure's filter first": stream(AZURE, FIRST, HEL, STOP, DONE),
    "empty choices between": stream(FIRST, chunk(), HEL, chunk(), STOP, chunk(), DONE),
    "empty deltas": stream(FIRST, chunk({"index": 0, "delta": {}}), chunk(say(None)), HEL, STOP, DONE),
    "null content": stream(chunk({"index": 0, "delta": {"role": "assistant", "content": None}}), HEL, STOP, DONE),
    "no finish_reason but the last": stream(FIRST, chunk({"index": 0, "delta": {"content": "Hel"}}), STOP, DONE),
    "vendor fields everywhere": stream(
        {**FIRST, "provider": "x"},
        chunk({**say("a", reasoning_content="hm"), "native_finish_reason": None}, x_cost={"eur": 0}),
        STOP,
        DONE,
    ),
    "obfuscation, fingerprint and tier": stream(
        *(
            {**one, "obfuscation": "x9", "system_fingerprint": "fp", "service_tier": "on_demand"}
            for one in (FIRST, STOP)
        ),
        DONE,
    ),
    "comments": b": connected\n\n" + stream(FIRST, HEL) + b": keep-alive\n\n:\n\n" + stream(STOP, DONE) + b": bye\n\n",
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CR": PLAIN.replace(b"\n", b"\r"),
    "no space after the colon": PLAIN.replace(b"data: ", b"data:"),
    "data on several lines": PLAIN.replace(b', "object"', b',\ndata: "object"'),
    "event and id lines": stream(FIRST, HEL, STOP, DONE, before="event: message\nid: 7\nretry: 100\ndata: "),
    "two choices, interleaved": stream(
        chunk(say("", role="assistant")),
        chunk(say("", role="assistant", at=1)),
        chunk(say("b", at=1), say("a")),
        chunk(say(finish="stop")),
        chunk(say("c", at=1)),
        chunk(say(finish="length", at=1)),
        DONE,
    ),
    "two tool calls, interleaved": calling(
        call(0, **LOOK_UP),
        call(1, **{**LOOK_UP, "id": "call_2"}),
        call(0, function={"arguments": '{"q"'}),
        call(1, function={"arguments": "{}"}),
        call(0, function={"arguments": ":1}"}),
    ),
    "a tool call that repeats its id": calling(call(**LOOK_UP), call(id="call_1", function={"arguments": "{}"})),
    "a custom tool": calling(
        call(id="call_1", type="custom", custom={"name": "shell", "input": ""}), call(custom={"input": "ls"})
    ),
    "refusal and logprobs": stream(FIRST, chunk({**say(refusal="No."), "logprobs": LOGPROBS}), STOP, DONE),
    "an error after content": stream(FIRST, HEL, FAULT),
    "an error, and [DONE] all the same": stream(FIRST, HEL, FAULT, DONE),
    "an error first": stream(FAULT),
    "no content": stream(FIRST, STOP, DONE),
    "an empty stop": stream(FIRST, chunk({"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}), DONE),
    "as long as it may be": stream(FIRST, HEL, chunk(say(finish="length")), DONE),
    "filtered": stream(FIRST, HEL, chunk(say(finish="content_filter")), DONE),
    "one tool call": calling(call(**LOOK_UP), call(function={"arguments": "{}"})),
    "text, then a tool call": stream(FIRST, HEL, chunk(say(tool_calls=[call(**LOOK_UP)])), CALLS, DONE),
    "a call of the older kind": stream(
        FIRST, chunk(say(function_call={"name": "f", "arguments": "{}"})), chunk(say(finish="function_call")), DONE
    ),
    "text that looks like the end": stream(FIRST, chunk(say("data: [DONE]\n\n")), STOP, DONE),
    "no space, and CRLF": PLAIN.replace(b"data: ", b"data:").replace(b"\n", b"\r\n"),
    "characters of four bytes": stream(FIRST, chunk(say("👩‍👩‍👧 ¿qué?\u2028")), STOP, DONE),
}

BROKEN: dict[str, tuple[Rule, bytes]] = {
    "no [DONE]": (Rule.ONE_DONE, stream(FIRST, HEL, STOP)),
    "[DONE] twice": (Rule.ONE_DONE, stream(FIRST, STOP, DONE, DONE)),
    "nothing at all": (Rule.ONE_DONE, b""),
    "content after [DONE]": (Rule.DONE_LAST, stream(FIRST, STOP, DONE, USAGE)),
    "an error after [DONE]": (Rule.DONE_LAST, stream(FIRST, STOP, DONE, FAULT)),
    "[DONE] alone": (Rule.CHOICES, stream(DONE)),
    "no role": (Rule.ROLE_FIRST, stream(HEL, STOP, DONE)),
    "role after content": (Rule.ROLE_FIRST, stream(HEL, FIRST, STOP, DONE)),
    "no role in the second choice": (
        Rule.ROLE_FIRST,
        stream(FIRST, chunk(say("b", at=1)), STOP, chunk(say(finish="stop", at=1)), DONE),
    ),
    "no finish reason": (Rule.ONE_FINISH, stream(FIRST, HEL, DONE)),
    "two finish reasons": (Rule.ONE_FINISH, stream(FIRST, STOP, STOP, DONE)),
    "no finish reason in the second choice": (
        Rule.ONE_FINISH,
        stream(FIRST, chunk(say("b", role="assistant", at=1)), STOP, DONE),
    ),
    "content after the finish reason": (Rule.FINISH_LAST, stream(FIRST, STOP, HEL, DONE)),
    "the first choice is missing": (
        Rule.CHOICES,
        stream(chunk(say("b", role="assistant", at=1)), chunk(say(finish="stop", at=1)), DONE),
    ),
    "content after the usage": (Rule.USAGE_LAST, stream(FIRST, USAGE, HEL, STOP, DONE)),
    "usage twice": (Rule.ONE_USAGE, stream(FIRST, STOP, USAGE, USAGE, DONE)),
    "another id": (Rule.SAME_IDENTITY, stream(FIRST, {**HEL, "id": "chatcmpl-2"}, STOP, DONE)),
    "another model": (Rule.SAME_IDENTITY, stream(FIRST, HEL, {**STOP, "model": "n"}, DONE)),
    "another time": (Rule.SAME_IDENTITY, stream(FIRST, {**HEL, "created": 1767225601}, STOP, DONE)),
    "a tool call without an id": (Rule.TOOL_CALL_START, calling(call(**without(LOOK_UP, "id")))),
    "a tool call without a name": (
        Rule.TOOL_CALL_START,
        calling(call(id="call_1", type="function", function={"arguments": "{}"})),
    ),
    "a tool call that changes its id": (
        Rule.TOOL_CALL_ID,
        calling(call(**LOOK_UP), call(id="call_2", function={"arguments": "{}"})),
    ),
    "content after an error": (Rule.ERROR_LAST, stream(FIRST, FAULT, HEL)),
    "a finish reason after an error": (Rule.ERROR_LAST, stream(FIRST, FAULT, STOP, DONE)),
    "cut within an event": (Rule.COMPLETE_EVENTS, PLAIN + b'data: {"id"'),
    "the last blank line is missing": (Rule.COMPLETE_EVENTS, stream(FIRST, FAULT) + b"data: [DONE]"),
    "cut within a character": (Rule.ENCODING, PLAIN.replace(b"Hel", b"\xf0\x9f\x91")),
    "no JSON": (Rule.SCHEMA, stream(FIRST, "Hel", STOP, DONE)),
    "a comment as data": (Rule.SCHEMA, stream(FIRST, ": keep-alive", STOP, DONE)),
    "NaN": (Rule.SCHEMA, stream(FIRST, '{"id": NaN}', STOP, DONE)),
    "an empty event": (Rule.SCHEMA, stream(FIRST, "", STOP, DONE)),
    "a whole answer": (Rule.SCHEMA, stream(FIRST, {**HEL, "object": "chat.completion"}, STOP, DONE)),
    "no id": (Rule.SCHEMA, stream(FIRST, without(HEL, "id"), STOP, DONE)),
    "no choices": (Rule.SCHEMA, stream(FIRST, HEAD, STOP, DONE)),
    "no delta": (Rule.SCHEMA, stream(FIRST, chunk({"index": 0, "message": {"content": "x"}}), STOP, DONE)),
    "no index": (Rule.SCHEMA, stream(FIRST, chunk({"delta": {"content": "x"}}), STOP, DONE)),
    "content that is no text": (Rule.SCHEMA, stream(FIRST, chunk(say(role="assistant", content=["x"])), STOP, DONE)),
    "the user's role": (Rule.SCHEMA, stream(FIRST, chunk(say("x", role="user")), STOP, DONE)),
    "a finish reason of its own": (Rule.SCHEMA, stream(FIRST, chunk(say(finish="eos")), STOP, DONE)),
    "a time that is text": (Rule.SCHEMA, stream(FIRST, {**HEL, "created": "now"}, STOP, DONE)),
    "a tool call without its index": (Rule.SCHEMA, stream(FIRST, chunk(say(tool_calls=[LOOK_UP])), CALLS, DONE)),
    "arguments that are no text": (
        Rule.SCHEMA,
        calling(call(**{**LOOK_UP, "function": {"name": "f", "arguments": {}}})),
    ),
    "usage without the sum": (Rule.SCHEMA, stream(FIRST, STOP, chunk(usage=without(COUNTS, "total_tokens")), DONE)),
    "an error that is text": (Rule.SCHEMA, stream(FIRST, STOP, {"error": "oops"}, DONE)),
    "an error without a message": (Rule.SCHEMA, stream(FIRST, STOP, {"error": {"type": "server_error"}}, DONE)),
}
