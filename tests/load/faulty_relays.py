"""Relays that spoil streams while other streams pass, served in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count

from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import Events, Relay, RelayConfig, RelayedResponse, RelayServer

PLACE = 9
"""The number of the event that is spoilt: one with content on every surface."""


class SpoilsAnEvent(Relay):
    """Passes all events on, but for one of them."""

    async def events(self, events: Events) -> Events:
        """See `Relay`."""
        numbers = count()
        async for event in events:
            async for one in self.spoilt(event) if next(numbers) == PLACE else alone(event):
                yield one

    async def spoilt(self, event: Event) -> AsyncIterator[Event]:
        """Yield what is sent in an event's place."""
        yield event


async def alone(event: Event) -> AsyncIterator[Event]:
    yield event


class CrossesStreams(SpoilsAnEvent):
    """Two streams at a time swap an event."""

    def __init__(self, config: RelayConfig) -> None:
        """Nobody waits yet."""
        super().__init__(config)
        self._waiting: tuple[Event, asyncio.Future[Event]] | None = None

    async def spoilt(self, event: Event) -> AsyncIterator[Event]:
        """Yield the other stream's event."""
        if self._waiting is None:
            self._waiting = event, asyncio.get_running_loop().create_future()
            yield await self._waiting[1]
        else:
            (other, partner), self._waiting = self._waiting, None
            partner.set_result(event)
            yield other


class LosesAnEvent(SpoilsAnEvent):
    """One event is lost."""

    async def spoilt(self, event: Event) -> AsyncIterator[Event]:
        """Yield nothing."""
        for never in ():
            yield never


class RepeatsAnEvent(SpoilsAnEvent):
    """One event comes twice."""

    async def spoilt(self, event: Event) -> AsyncIterator[Event]:
        """Yield it twice."""
        yield event
        yield event


class StopsEarly(SpoilsAnEvent):
    """Streams end in the middle, as if they were complete as far as HTTP goes."""

    async def events(self, events: Events) -> Events:
        """Yield the beginning."""
        numbers = count()
        async for event in events:
            if next(numbers) < PLACE:
                yield event


class SaysAnError(SpoilsAnEvent):
    """Streams become an error and an end, with a 200."""

    async def events(self, events: Events) -> Events:
        """Yield nothing of theirs."""
        async for _ in events:
            continue
        yield event_of({"error": {"message": "Too busy.", "type": "overloaded", "param": None, "code": None}})
        yield DONE


class EmptiesResponses(Relay):
    """Responses that are no streams become an object without text, with a 200."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """See `Relay`."""
        response.body = b'{"object": "chat.completion", "choices": []}'
        return response


RELAYS = {
    "healthy": Relay,
    "crosses": CrossesStreams,
    "loses": LosesAnEvent,
    "repeats": RepeatsAnEvent,
    "stops": StopsEarly,
    "says-an-error": SaysAnError,
    "empties": EmptiesResponses,
}
"""By the first part of their path."""


@contextmanager
def served(upstream_url: str) -> Iterator[str]:
    """Serve all of them; yields their common base URL."""
    config = RelayConfig(upstream=f"{upstream_url}/v1")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = RelayServer({name: relay(config) for name, relay in RELAYS.items()})
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        yield server.base_url().removesuffix("/v1")
    finally:
        asyncio.run_coroutine_threadsafe(server.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
