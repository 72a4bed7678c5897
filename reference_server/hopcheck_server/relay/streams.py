"""A provider's event stream, read as whole events; every way in which it can break is detected."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

from hopcheck_contracts.sse import DONE, Event, EventParser, encode
from hopcheck_server.relay.messages import Events, Failure
from hopcheck_server.wire.client import Broken, ClientConnection, Head


async def body_of(connection: ClientConnection, head: Head, idle_timeout_s: float) -> AsyncIterator[bytes]:
    """Yield body bytes, decompressed.

    Raises:
        Failure: Cut short, too slow, or not what its encoding says.
    """
    inflate = zlib.decompressobj(wbits=47) if head.header("content-encoding") in ("gzip", "deflate") else None
    try:
        async for _, data in connection.chunks(idle_timeout_s):
            yield inflate.decompress(data) if inflate else data
    except Broken as broken:
        raise Failure(
            "timeout" if broken.ended == "timeout" else "cut", f"the provider's answer ended early ({broken.ended})"
        ) from broken
    except zlib.error as error:
        raise Failure("garbled", "the provider's answer can't be decompressed") from error


async def events_of(body: AsyncIterator[bytes]) -> Events:
    """Yield the events of a body."""
    parser = EventParser()
    async for data in body:
        for event in parser.feed(data):
            yield event


async def checked(events: Events) -> Events:
    """Pass events on as long as the stream is valid, and end it properly.

    Comments pass, and empty events are dropped. Events with other line ends or several data lines are rewritten. A
    missing `[DONE]` is added, and nothing follows it. An error event ends the stream.

    Raises:
        Failure: Malformed data, or an end before every choice was finished.
    """
    begun: set[int] = set()
    finished: set[int] = set()
    async for event in events:
        if event.is_done:
            break
        if event.data is None or not event.data.strip():
            if event.comments:
                yield event
            continue
        payload = _read(event)
        yield plain(event)
        if payload.get("error"):
            return
        for choice in payload.get("choices") or ():
            (finished if choice.get("finish_reason") else begun).add(choice.get("index", 0))
    if not finished or not begun <= finished:
        raise Failure("cut", "the provider's stream ended before its answer did")
    yield DONE


def _read(event: Event) -> dict[str, Any]:
    try:
        payload = json.loads(event.data or "")
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise Failure("garbled", "the provider sent a malformed event")
    return payload


def plain(event: Event) -> Event:
    """The same data in the plain form that every client reads."""
    if event.raw.startswith(b"data: ") and event.raw.endswith(b"\n\n") and b"\r" not in event.raw:
        return event
    return Event(encode(event.data or ""), event.data)
