"""The exchanges by which invariants are tested on Anthropic's Messages."""

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

ERRORS: Mapping[str, Scripted] = {
    "refused": reply.status(400, {"message": "Too many tokens."}),
    "throttled": reply.status(429, SLOW_DOWN, headers={"Retry-After": "2"}),
    "busy": reply.status(503, SLOW_DOWN, headers={"Retry-After": "2"}),
    "server-error": reply.status(500, REPEATS_KEY, headers={"Keep-Alive": "timeout=37"}, echo=True),
}

SCRIPTS: Mapping[str, Scripted] = {
    "": reply.chat("Hel", "lo"),
    "thinking": reply.chat("Hello", reasoning=("Let me", " see"), signature="c2ln"),
    "calls": reply.chat("So:", tools=(reply.call("look_up", '{"q": ', '"x"}'),)),
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
    "system": "Be brief.",
    "messages": [
        {"role": "user", "content": "What is x?"},
        {"role": "assistant", "content": "A letter."},
        {"role": "user", "content": "And y?"},
    ],
}

HEADERS = {"Cookie": "session=c0ffee-5e55-10n", "X-Forwarded-For": "203.0.113.7", "TE": "trailers"}


LEFT_S = 3.0
"""How long an attempt may go on when its client has left, until it is let go."""


async def ask_all(target: Target) -> AsyncIterator[Finding]:
    """It is asked for messages, or for counts of their tokens."""
    ask = target.ask
    for script in SCRIPTS if ask.generates else COUNT_SCRIPTS:
        if script != "hanging" and (ask.streams or script not in ("broken", "cut")):
            await ask(script=script, headers=HEADERS, **ASKED)
    async with await ask.open(script="hanging") as live:
        await target.arrival(live.response.marker)
    await target.seen(live.response, settle_s=LEFT_S)
    await ask(key="not-a-key-0f-this-target")
    yield expect("asked", True, equals=True)
