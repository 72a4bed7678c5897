"""Responses streams to be judged: good ones, and ones that each break one rule."""

from __future__ import annotations

from response_events import (
    COMPLETED,
    CREATED,
    CUSTOM,
    FAILED,
    FAULT,
    HELLO,
    IN_PROGRESS,
    ITEM,
    PLAIN,
    SEARCH,
    added,
    call,
    calls,
    changed,
    done,
    event,
    message,
    part_of,
    place,
    says,
    state,
    thinks,
    with_parts,
    without,
    written,
)

from hopcheck_contracts.grammar.responses import ResponseRule as Rule

GOOD: dict[str, bytes] = {
    "plain": PLAIN,
    "counted from 1": written(CREATED, *HELLO, COMPLETED, first=1),
    "queued first": written(CREATED, state("queued"), IN_PROGRESS, *HELLO, COMPLETED),
    "no output": written(CREATED, state("completed")),
    "an item without content": written(CREATED, added(message()), done(message()), state("completed", message())),
    "two parts": written(
        CREATED,
        *with_parts(says("a"), says("b", part=1)),
        state("completed", message(part_of("output_text", "a"), part_of("output_text", "b"))),
    ),
    "a part without deltas": written(CREATED, *with_parts((says("x")[0], *says("x")[2:])), state("completed", ITEM)),
    "a refusal": written(CREATED, *with_parts(says("N", "o.", kind="refusal")), COMPLETED),
    "a call": written(CREATED, *calls(), state("completed", call())),
    "a call in one piece": written(CREATED, added(call()), done(call()), state("completed", call())),
    "two calls": written(CREATED, *calls(0), *calls(1), state("completed", call(0), call(1))),
    "two calls, interleaved": written(
        CREATED,
        *(one for pair in zip(calls(0), calls(1), strict=True) for one in pair),
        state("completed", call(0), call(1)),
    ),
    "text, then a call": written(CREATED, *HELLO, *calls(1), state("completed", ITEM, call(1))),
    "a call without an id": written(
        CREATED, added(call(id=None)), done(call(id=None)), state("completed", call(id=None))
    ),
    "reasoning": written(CREATED, *thinks(), state("completed", thinks()[-1]["item"])),
    "reasoning, then text": written(
        CREATED,
        *thinks(),
        *with_parts(says("x", at=1), at=1),
        state("completed", thinks()[-1]["item"], message(at=1)),
    ),
    "reasoning in full": written(
        CREATED,
        added({"type": "reasoning", "id": "rs_0", "summary": []}),
        event("content_part.added", **place(of="rs"), part={"type": "reasoning_text", "text": ""}),
        event("reasoning_text.delta", **place(of="rs"), delta="Hm"),
        event("reasoning_text.done", **place(of="rs"), text="Hm"),
        event("content_part.done", **place(of="rs"), part={"type": "reasoning_text", "text": "Hm"}),
        done({"type": "reasoning", "id": "rs_0", "summary": []}),
        state("completed", {"type": "reasoning", "id": "rs_0", "summary": []}),
    ),
    "a custom tool": written(
        CREATED,
        added({**CUSTOM, "input": ""}),
        event("custom_tool_call_input.delta", item_id="ctc_0", output_index=0, delta="ls"),
        event("custom_tool_call_input.done", item_id="ctc_0", output_index=0, input="ls"),
        done(CUSTOM),
        state("completed", CUSTOM),
    ),
    "the provider's own tool": written(
        CREATED,
        added(SEARCH),
        event("web_search_call.searching", item_id="ws_0", output_index=0),
        done(SEARCH),
        state("completed", SEARCH),
    ),
    "an annotation": written(
        CREATED,
        *HELLO[:3],
        event("output_text.annotation.added", **place(), annotation_index=0, annotation={"type": "url_citation"}),
        *HELLO[3:],
        COMPLETED,
    ),
    "incomplete": written(
        CREATED, *HELLO, state("incomplete", ITEM, incomplete_details={"reason": "max_output_tokens"})
    ),
    "incomplete with an open item": written(CREATED, *HELLO[:3], state("incomplete")),
    "failed": written(CREATED, *HELLO[:3], FAILED),
    "failed at once": written(CREATED, FAILED),
    "failed before it was created": written(FAILED),
    "an error": written(CREATED, *HELLO[:3], FAULT),
    "an error first": written(FAULT),
    "an error of the nested form": written(CREATED, {"type": "error", "error": {"message": "x", "code": "y"}}),
    "an unknown event": written(CREATED, event("hologram.delta", depth=3), *HELLO, COMPLETED),
    "an unknown item": written(
        CREATED, added({"type": "hologram"}), done({"type": "hologram"}), state("completed", {"type": "hologram"})
    ),
    "an unknown part": written(
        CREATED,
        added(message()),
        event("content_part.added", **place(), part={"type": "hologram"}),
        event("content_part.done", **place(), part={"type": "hologram"}),
        done(message()),
        state("completed", message()),
    ),
    "obfuscation": written(CREATED, *({**one, "obfuscation": "x9"} for one in HELLO), COMPLETED),
    "vendor fields": written({**CREATED, "model": "m"}, *({**one, "x": 1} for one in HELLO), COMPLETED),
    "usage": written(
        CREATED, *HELLO, state("completed", ITEM, usage={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3})
    ),
    "no event lines": b"\n".join(line for line in PLAIN.split(b"\n") if not line.startswith(b"event: ")),
    "comments": b": connected\n\n" + PLAIN,
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CR": PLAIN.replace(b"\n", b"\r"),
    "no space after the colon": PLAIN.replace(b"data: ", b"data:"),
    "characters of four bytes": written(CREATED, *with_parts(says("👩‍👩‍👧", "¿\u2028")), state("completed", ITEM)),
}


BROKEN: dict[str, tuple[Rule, bytes]] = {
    "nothing at all": (Rule.ONE_TERMINAL, b""),
    "no end": (Rule.ONE_TERMINAL, written(CREATED, *HELLO)),
    "cut after a delta": (Rule.ONE_TERMINAL, written(CREATED, *HELLO[:3])),
    "no response.created": (Rule.CREATED_FIRST, written(*HELLO, COMPLETED)),
    "in_progress first": (Rule.CREATED_FIRST, written(IN_PROGRESS, *HELLO, COMPLETED)),
    "created twice": (Rule.CREATED_FIRST, written(CREATED, CREATED, *HELLO, COMPLETED)),
    "another event line": (
        Rule.EVENT_LINE,
        PLAIN.replace(b"event: response.completed", b"event: response.failed"),
    ),
    "a number again": (Rule.SEQUENCE, written(CREATED, {**IN_PROGRESS, "sequence_number": 0})[:-1] + b"\n"),
    "a gap in the numbers": (Rule.SEQUENCE, written(CREATED) + written(*HELLO, COMPLETED, first=2)),
    "numbers that begin again": (Rule.SEQUENCE, written(CREATED, *HELLO) + written(COMPLETED)),
    "an error without its number in the row": (
        Rule.SEQUENCE,
        written(CREATED, {**FAULT, "sequence_number": 7}),
    ),
    "another id": (Rule.SAME_IDENTITY, written(CREATED, *HELLO, state("completed", ITEM, id="resp_2"))),
    "another id in between": (
        Rule.SAME_IDENTITY,
        written(CREATED, state("in_progress", id="x"), *HELLO, COMPLETED),
    ),
    "the first item is 1": (Rule.ITEM_INDEX, written(CREATED, *calls(1), state("completed", call(1)))),
    "an item is left out": (
        Rule.ITEM_INDEX,
        written(CREATED, *calls(0), *calls(2), state("completed", call(0), call(2))),
    ),
    "an item's index again": (
        Rule.ITEM_INDEX,
        written(CREATED, *calls(0), *calls(0), state("completed", call(0))),
    ),
    "no output_item.added": (Rule.OPEN_ITEM, written(CREATED, *calls()[1:4], FAILED)),
    "done without being added": (Rule.OPEN_ITEM, written(CREATED, done(call()), state("completed"))),
    "arguments after the item": (
        Rule.OPEN_ITEM,
        written(CREATED, *calls(), calls()[1], state("completed", call())),
    ),
    "done twice": (Rule.OPEN_ITEM, written(CREATED, *calls(), calls()[-1], state("completed", call()))),
    "another item's id": (
        Rule.ITEM_ID,
        written(CREATED, *changed("output_text.delta", item_id="msg_9"), COMPLETED),
    ),
    "an item that changes its id": (
        Rule.ITEM_ID,
        written(CREATED, *HELLO[:-1], done({**ITEM, "id": "msg_9"}), COMPLETED),
    ),
    "the first part is 1": (Rule.PART_INDEX, written(CREATED, *with_parts(says("a", part=1)), COMPLETED)),
    "a part's index again": (
        Rule.PART_INDEX,
        written(CREATED, *with_parts(says("a"), says("b")[:1], says("")[3:]), FAILED),
    ),
    "no content_part.added": (Rule.OPEN_PART, written(CREATED, *without("content_part.added"), COMPLETED)),
    "text after the part": (
        Rule.OPEN_PART,
        written(CREATED, *HELLO[:-1], says("x")[1], HELLO[-1], COMPLETED),
    ),
    "no reasoning_summary_part.added": (
        Rule.OPEN_PART,
        written(CREATED, *without("reasoning_summary_part.added", thinks()), state("completed", thinks()[-1]["item"])),
    ),
    "another whole text": (
        Rule.DONE_TEXT,
        written(CREATED, *changed("output_text.done", text="Hell"), COMPLETED),
    ),
    "another part in the end": (
        Rule.DONE_TEXT,
        written(CREATED, *changed("content_part.done", part=part_of("output_text", "x")), COMPLETED),
    ),
    "other arguments": (
        Rule.DONE_TEXT,
        written(CREATED, *changed("function_call_arguments.done", calls(), arguments="{}"), state("completed", call())),
    ),
    "other arguments in the item": (
        Rule.DONE_TEXT,
        written(CREATED, *calls()[:-1], done(call(arguments="{}")), state("completed", call())),
    ),
    "another summary": (
        Rule.DONE_TEXT,
        written(
            CREATED,
            *changed("reasoning_summary_text.done", thinks(), text="x"),
            state("completed", thinks()[-1]["item"]),
        ),
    ),
    "another refusal": (
        Rule.DONE_TEXT,
        written(CREATED, *changed("refusal.done", with_parts(says("No", kind="refusal")), refusal="x"), COMPLETED),
    ),
    "an item isn't done": (Rule.ITEMS_DONE, written(CREATED, *HELLO[:-1], COMPLETED)),
    "a part isn't done": (Rule.ITEMS_DONE, written(CREATED, *without("content_part.done"), COMPLETED)),
    "an empty output": (Rule.FINAL_OUTPUT, written(CREATED, *HELLO, state("completed"))),
    "one item less": (Rule.FINAL_OUTPUT, written(CREATED, *HELLO, *calls(1), COMPLETED)),
    "other items": (Rule.FINAL_OUTPUT, written(CREATED, *HELLO, state("completed", {**ITEM, "id": "msg_9"}))),
    "another status": (
        Rule.TERMINAL_STATUS,
        written(CREATED, *HELLO, state("completed", ITEM, status="in_progress")),
    ),
    "failed, and completed": (Rule.TERMINAL_STATUS, written(CREATED, state("failed", status="completed"))),
    "completed twice": (Rule.TERMINAL_LAST, written(CREATED, *HELLO, COMPLETED, COMPLETED)),
    "text after the end": (Rule.TERMINAL_LAST, written(CREATED, FAILED, event("hologram"))),
    "an error after the end": (Rule.TERMINAL_LAST, written(CREATED, *HELLO, COMPLETED, FAULT)),
    "something after an error": (Rule.TERMINAL_LAST, written(CREATED, FAULT, IN_PROGRESS)),
    "[DONE]": (Rule.NO_DONE, PLAIN + b"data: [DONE]\n\n"),
    "cut within an event": (Rule.COMPLETE_EVENTS, PLAIN + b"event: respon"),
    "cut within a character": (Rule.ENCODING, PLAIN.replace(b"Hel", b"\xf0\x9f")),
    "no JSON": (Rule.SCHEMA, b"data: {\n\n" + PLAIN),
    "no type": (Rule.SCHEMA, b'data: {"x": 1}\n\n' + PLAIN),
    "no number": (Rule.SCHEMA, PLAIN.replace(b'"sequence_number": 0, ', b"")),
    "a delta that is no text": (
        Rule.SCHEMA,
        written(CREATED, *changed("output_text.delta", delta=None), COMPLETED),
    ),
    "a call without a name": (Rule.SCHEMA, written(CREATED, added(call(name=None)), FAILED)),
    "an error without words": (Rule.SCHEMA, written(CREATED, {"type": "error", "code": "x"}, FAILED)),
}
