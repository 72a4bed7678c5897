"""Streams of typed events, read as they come; every way in which they can break is detected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.messages import Events, Failure
from hopcheck_server.relay.surfaces import anthropic_surface, responses_surface

TERMINAL = anthropic_surface.TERMINAL | responses_surface.TERMINAL
"""The types of events that end a stream."""


async def checked(events: Events) -> Events:
    """Pass events on as long as the stream is valid, up to the one that ends it.

    Comments pass, and empty events are dropped. Every event is written with its name and one line of data.

    Raises:
        Failure: Malformed data, or an end before the stream's own; it has the number of the next event.
    """
    number = 0
    try:
        async for event in events:
            if event.data is None or not event.data.strip():
                if event.comments:
                    yield event
                continue
            payload = event.json
            if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
                raise Failure("garbled", "the provider sent a malformed event")
            number = _number(payload, number) + 1
            yield event if _is_plain(event, payload["type"]) else event_of(event.data, payload["type"])
            if payload["type"] in TERMINAL:
                return
        raise Failure("cut", "the provider's stream ended before its answer did")
    except Failure as failure:
        failure.next_number = number
        raise


def _number(payload: Mapping[str, Any], expected: int) -> int:
    number = payload.get("sequence_number")
    return number if isinstance(number, int) else expected


def _is_plain(event: Event, kind: str) -> bool:
    raw = event.raw
    return event.event == kind and raw.startswith(b"event: ") and raw.endswith(b"\n\n") and b"\r" not in raw
