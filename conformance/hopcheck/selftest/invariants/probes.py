"""The exchanges by which invariants are tested: for each operation, some of every class of the forecast.

They are no cases of the catalogue: they compare nothing themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from hopcheck.authoring.case import TWO_SIDED, Case
from hopcheck.authoring.findings import Finding, Level, expect
from hopcheck.client import Response, Target
from hopcheck.client.bodies import embedding_body
from hopcheck.selftest.invariants import message_probes
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.reply import Scripted, script_of

COUNTS = {"prompt_tokens": 1234, "completion_tokens": 567, "total_tokens": 1801}
USAGE = {**COUNTS, "prompt_tokens_details": {"cached_tokens": 1024}}
CITATION = {"url": "https://example.org/", "title": "Example", "start_index": 0, "end_index": 5}
LOGPROBS = [{"token": "Hel", "logprob": -0.5, "bytes": None, "top_logprobs": []}]
MESSAGE = {"annotations": [{"type": "url_citation", "url_citation": CITATION}], "reasoning_content": "I say hello."}
CALLS = (reply.call("look_up", '{"q": ', '"x"}'), reply.call("look_up", '{"q": "y"}', id="call_hop2"))

TOO_LONG = {"message": "Too many tokens.", "type": "invalid_request_error", "param": "messages", "code": "too_long"}
SLOW_DOWN = {"message": "Slow down.", "type": "rate_limit_error", "param": None, "code": "rate_limited"}
REPEATS_KEY = {"message": "Something is wrong with $KEY.", "type": "server_error"}

ERRORS: dict[str, Scripted] = {
    "refused": reply.status(400, TOO_LONG),
    "throttled": reply.status(429, SLOW_DOWN, headers={"Retry-After": "2"}),
    "busy": reply.status(503, SLOW_DOWN, headers={"Retry-After": "2"}),
    "server-error": reply.status(500, REPEATS_KEY, headers={"Keep-Alive": "timeout=37"}, echo=True),
}
SCRIPTS: dict[str, Scripted] = {
    "": reply.chat("Hel", "lo", usage=USAGE, message=MESSAGE, logprobs=LOGPROBS),
    "choices": reply.chat(choices=(reply.choice("One", " two", finish="length"), reply.choice("Three"))),
    "calls": reply.chat("So:", tools=CALLS),
    "refusal": reply.chat(message={"refusal": "I can't help with that."}),
    "retried": [reply.status(500), reply.chat("hello")],
    "fallback": reply.backup(reply.status(500), reply.chat("from the backup")),
    "hanging": reply.hang("events", after=2),
    "broken": reply.events(reply.delta(role="assistant", content="Hel"), {"error": SLOW_DOWN}),
    "cut": reply.stream("Hel", "lo", " and", " more", cut_after_events=3),
    **ERRORS,
}
EMBEDDING_SCRIPTS: dict[str, Scripted] = {
    "": reply.embedding(),
    "retried": [reply.status(500), reply.embedding()],
    "hanging": reply.hang(),
    **ERRORS,
}

_PARAMETERS = {"type": "object", "properties": {"q": {"type": "string"}}}
_FUNCTION = {"name": "look_up", "description": "Looks something up.", "parameters": _PARAMETERS}
_HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is x?"},
    {"role": "assistant", "content": "A letter."},
    {"role": "user", "content": "And y?"},
]
ASKED: dict[str, Any] = {
    "messages": _HISTORY,
    "temperature": 0.25,
    "max_tokens": 17,
    "stop": ["END"],
    "tools": [{"type": "function", "function": _FUNCTION}],
    "tool_choice": "auto",
    "user": "somebody",
}
"""A request with fields of many kinds."""

HEADERS = {
    "Cookie": "session=c0ffee-5e55-10n",
    "X-Forwarded-For": "127.0.0.1",
    "X-Api-Key": "another-0f-th3m",
    "TE": "trailers",
}
"""What some clients send along."""


async def chat(target: Target) -> AsyncIterator[Finding]:
    """It is asked for completions in one piece."""
    for script in _scripts_for(target, "cut", "broken"):
        await target.chat.create(script=script, headers=HEADERS, **_fields_of(script))
    await _leave(target, {"stream": False})
    await target.chat.create(key="not-a-key-0f-this-target")
    yield expect("asked", True, equals=True)


async def chat_stream(target: Target) -> AsyncIterator[Finding]:
    """It is asked for streams."""
    for script in _scripts_for(target):
        await target.chat.stream(
            script=script, headers=HEADERS, stream_options={"include_usage": True}, **_fields_of(script)
        )
    await _leave(target, {"stream": True})
    await target.chat.stream(key="not-a-key-0f-this-target")
    yield expect("asked", True, equals=True)


def _scripts_for(target: Target, *left_out: str) -> list[str]:
    """The scripts whose responses are waited for, without those that the target doesn't owe."""
    other = {"hanging", *left_out} if target.declares.choices else {"hanging", "choices", *left_out}
    return [name for name in SCRIPTS if name not in other]


def _fields_of(script: str) -> dict[str, Any]:
    by_script: dict[str, dict[str, Any]] = {"choices": {"n": 2}, "fallback": {"model": "fragile-model"}}
    return {**ASKED, **by_script.get(script, {})}


async def _leave(target: Target, fields: Mapping[str, Any], path: str = "/chat/completions") -> None:
    """Ask, and hang up once the provider has been asked."""
    marker = target.marker("hanging")
    asks_chat = path == "/chat/completions"
    body = target.chat.body(marker, fields) if asks_chat else embedding_body(target.models.embedding, marker, "x", {})
    async with await target.open("POST", path, body, marker=marker) as live:
        await target.arrival(marker)
    await target.seen(live.response, settle_s=message_probes.LEFT_S)


async def embeddings(target: Target) -> AsyncIterator[Finding]:
    """It is asked for embeddings."""
    for fields in ({}, {"encoding_format": "base64"}, {"dimensions": 8}):
        await target.embeddings.create(["one", "two", "three", "four"], **fields)
    for script in ("retried", *ERRORS):
        marker = target.marker(script)
        body = embedding_body(target.models.embedding, marker, "hello", {})
        await target.request("POST", "/embeddings", body=body, headers=HEADERS, marker=marker)
    await _leave(target, {}, "/embeddings")
    await target.embeddings.create(key="not-a-key-0f-this-target")
    yield expect("asked", True, equals=True)


async def models(target: Target) -> AsyncIterator[Finding]:
    """It is asked for models, one after another and two at once."""
    await target.request("GET", f"/models/{target.models.chat}", headers=HEADERS)
    await target.request("GET", "/models/no-such-model")
    await target.request("GET", "/models", key="not-a-key-0f-this-target")
    await asyncio.gather(*(_list(target) for _ in range(2)))
    yield expect("asked", True, equals=True)


async def _list(target: Target) -> Response:
    return await target.request("GET", "/models")


def _probe(
    operation: str, function: Callable[[Target], AsyncIterator[Finding]], scripts: Mapping[str, Scripted]
) -> Case:
    return Case(
        id=f"invariants.{operation}",
        level=Level.MUST,
        requirement=(function.__doc__ or "").strip(),
        function=function,
        refs=(),
        needs=frozenset({TWO_SIDED}),
        scripts={name: script_of(scripted) for name, scripted in scripts.items()},
        operations=(operation,),
        operation=operation,
    )


PROBES: dict[str, Case] = {
    one.operation: one
    for one in (
        _probe("chat", chat, SCRIPTS),
        _probe("chat.stream", chat_stream, SCRIPTS),
        _probe("embeddings", embeddings, EMBEDDING_SCRIPTS),
        _probe("models", models, {"": reply.chat()}),
        _probe("messages", message_probes.ask_all, message_probes.SCRIPTS),
        _probe("messages.stream", message_probes.ask_all, message_probes.SCRIPTS),
        _probe("responses", message_probes.ask_all, message_probes.SCRIPTS),
        _probe("responses.stream", message_probes.ask_all, message_probes.SCRIPTS),
        _probe("count_tokens", message_probes.ask_all, message_probes.COUNT_SCRIPTS),
    )
}
"""By operation."""
