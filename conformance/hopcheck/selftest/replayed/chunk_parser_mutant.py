"""The mutant of the metamorphic rule: a relay that takes each read of a stream for whole events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from hopcheck_contracts.sse import EventParser
from hopcheck_server.relay import Relay
from hopcheck_server.relay.messages import Events


class ParsesEachRead(Relay):
    """What was read is parsed at once, and what isn't a whole event yet is dropped."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        """Parse each read by itself."""
        return _each(body)


async def _each(body: AsyncIterator[bytes]) -> Events:
    async for data in body:
        for event in EventParser().feed(data):
            yield event
