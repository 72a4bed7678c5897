"""The exchanges by which invariants are tested on Anthropic's Messages and OpenAI's Responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck.authoring.findings import Finding, expect
from hopcheck.client import Target
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.reply import Scripted
from hopcheck_server.upstream.script.turns import Delivery, Turn

SLOW_DOWN = {"message": "Slow down."}
REPEATS_KEY = {"message": "Something is wrong with $KEY."}

USAGE = {"prompt_tokens": 1234, "completion_tokens": 567, "prompt_tokens_details": {"cached_tokens": 1024}}

ERRORS: Mapping[str, Scripted] = {
    "refused": reply.status(400, {"message": "Too many tokens.", "code": "too_long"}),
    "throttled": reply.status(429, SLOW_DOWN, headers={"Retry-After": "2"}),
    "busy": reply.status(503, SLOW_DOWN, headers={"Retry-After": "2"}),
    "server-error": reply.status(500, REPEATS_KEY, headers={"Keep-Alive": "timeout=37"}, echo=True),
}

SCRIPTS: Mapping[str, Scripted] = {
    "": reply.chat("Hel", "lo", usage=USAGE),
    "thinking": reply.chat("Hello", reasoning=("Let me", " see"), signature="c2ln"),
    "long": reply.chat("Hel", finish="length"),
    "calls": reply.chat(
        "So:", tools=(reply.call("look_up", '{"q": ', '"x"}'), reply.call("look_up", '{"q": "y"}', id="call_hop2"))
    ),
    "retried": [reply.status(500), reply.chat("hello")],
    "broken": reply.chat("Hel", failure=reply.error_story(529, SLOW_DOWN)),
    "cut": reply.stream("Hel", "lo", " and", " more", cut_after_events=4),
    "hanging": reply.hang("events", after=2),
    **ERRORS,
}

COUNT_SCRIPTS: Mapping[str, Scripted] = {
    "": Turn(),
    "retried": [reply.status(500), Turn()],
    "hanging": Turn(delivery=Delivery(hang="headers")),
    **ERRORS,
}

ASKED: Mapping[str, Any] = {
    "messages": [
        {"role": "user", "content": "What is x?"},
        {"role": "assistant", "content": "A letter."},
        {"role": "user", "content": "And y?"},
    ],
}

SYSTEM: Mapping[str, Any] = {"messages": {"system": "Be brief."}, "responses": {"instructions": "Be brief."}}
"""What the system says, in the field that each surface has for it."""

HEADERS = {"Cookie": "session=c0ffee-5e55-10n", "X-Forwarded-For": "127.0.0.1", "TE": "trailers"}
BETA = {"anthropic-beta": "context-management-2025-06-27"}


LEFT_S = 3.0
"""How long an attempt may go on when its client has left, until it is let go."""


async def ask_all(target: Target) -> AsyncIterator[Finding]:
    """It is asked for messages, for counts of their tokens, or for responses."""
    ask = target.ask
    fields = {**ASKED, **SYSTEM[ask.surface]}
    headers = {**HEADERS, **BETA} if ask.surface == "messages" else HEADERS
    for script in SCRIPTS if ask.generates else COUNT_SCRIPTS:
        if script != "hanging" and (ask.streams or script not in ("broken", "cut")):
            await ask(script=script, headers=headers, **fields)
    async with await ask.open(script="hanging") as live:
        await target.arrival(live.response.marker)
    await target.seen(live.response, settle_s=LEFT_S)
    await ask(key="not-a-key-0f-this-target")
    yield expect("asked", True, equals=True)
