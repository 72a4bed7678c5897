"""Honest relays that differ in how they pass streams on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.messages import Events, incoming
from hopcheck_server.relay.relay import Relay

SLOW_EVENTS = 8
"""How many events of a stream take long: a long stream would take minutes."""


class SpaceAfterDone(Relay):
    """White space follows `[DONE]` on its line."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            yield b"data: [DONE] \n\n" if event.is_done else event.raw


class NumbersEvents(Relay):
    """A stream begins with a byte order mark and a time to reconnect, and each event has a name and a number."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        number = 0
        yield b"\xef\xbb\xbfretry: 3000\n\n"
        async for event in events:
            number += 1
            name = b"" if event.event else b"event: message\n"
            yield event.raw if event.data is None else b"%bid: %d\n%b" % (name, number, event.raw)


class WritesErrorsInChunks(Relay):
    """An error in a stream stands in a chunk whose finish reason is `error`, as some aggregators write it."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            body = event.json
            has_error = isinstance(body, dict) and "error" in body and incoming().path == "/v1/chat/completions"
            yield event_of({**_failed_chunk(), **body}).raw if has_error else event.raw


def _failed_chunk() -> dict[str, Any]:
    choices = [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]
    return {"id": incoming().id, "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


class SplitsDeltas(Relay):
    """A delta with text leaves as two, each with a part of it."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            for chunk in _halves(event.json):
                yield event_of(chunk)
            if not _text(event.json)[1:]:
                yield event


class JoinsRoleAndText(Relay):
    """A choice's role waits for the first delta with text, and leaves with it."""

    async def events(self, events: Events) -> Events:
        role: Event | None = None
        async for event in events:
            if role is None and _is_role(event.json):
                role = event
            elif role is not None:
                for one in _joined(role, event):
                    yield one
                role = None
            else:
                yield event
        if role is not None:
            yield role


class LooksAtEachEvent(Relay):
    """Each of a stream's first events is looked at for 260 ms before it is passed on."""

    async def events(self, events: Events) -> Events:
        number = 0
        async for event in events:
            number += 1
            if number <= SLOW_EVENTS:
                await asyncio.sleep(0.26)  # the delay is the difference
            yield event


def _choice(payload: Any) -> dict[str, Any]:
    """The only choice of a chunk, where it has one and says nothing but text in it; else {}."""
    choices = payload.get("choices") if isinstance(payload, dict) else None
    if not choices or len(choices) != 1 or choices[0].get("logprobs") or choices[0].get("finish_reason"):
        return {}
    return choices[0] if isinstance(choices[0].get("delta"), dict) else {}


def _text(payload: Any) -> str:
    text = _choice(payload).get("delta", {}).get("content")
    return text if isinstance(text, str) else ""


def _halves(payload: Any) -> Iterator[dict[str, Any]]:
    text = _text(payload)
    if len(text) < 2:
        return
    first, second = deepcopy(payload), deepcopy(payload)
    first["choices"][0]["delta"]["content"] = text[:1]
    second["choices"][0]["delta"] = {"content": text[1:]}
    first["usage"] = None
    yield from (first, second)


def _is_role(payload: Any) -> bool:
    delta = _choice(payload).get("delta", {})
    return bool(delta.get("role")) and not any(value for name, value in delta.items() if name != "role")


def _joined(role: Event, event: Event) -> Iterator[Event]:
    """The two as one, where the second has a text for the same choice; else both."""
    first, second = role.json, event.json
    if not _text(second) or _choice(first).get("index") != _choice(second).get("index"):
        yield from (role, event)
        return
    second["choices"][0]["delta"] = {"role": _choice(first)["delta"]["role"], **_choice(second)["delta"]}
    yield event_of(second)
