"""What a replay finds of a case beside the case's own findings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck.authoring.findings import Finding, expect
from hopcheck.authoring.registry import Case
from hopcheck.client import Stream, Target
from hopcheck.replay.scripted_faults import ScriptedRuns
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.repetition import StreamRepeater, VariantDifference, distinct, is_whole
from hopcheck.replay.streams.variants import level_of

NOTHING: Mapping[str, Any] = {}

CHUNKING = "replay.chunking"

RETELLING = "replay.retelling"


class ReplayFindings:
    """Finds whether a case's requests were those on its cassette, and all of them, and what the proxy makes of more.

    Attributes:
        scripted: Runs cases with their scripts in LiteLLM's seat; None if the server has none to play them.
    """

    def __init__(self, server: ReplayServer, *, more: bool = True, own: Mapping[str, Any] = NOTHING) -> None:
        """Looks at that server.

        Args:
            server: Which one.
            more: Whether to ask for streams again, told otherwise.
            own: See `Scripted`.
        """
        self._server = server
        self._more = more
        self.scripted = ScriptedRuns(server, own) if server.seat is not None else None

    async def __call__(self, case: Case, target: Target) -> AsyncIterator[Finding]:
        """What is found of a case that has just asked."""
        misses = list(self._server.misses.get(case.id, ()))
        yield expect("replay.match", misses, equals=[], level="MUST")
        yield expect("replay.played", self._unplayed(case), equals=[], level="MUST")
        streams = [answer for answer in target.answers if isinstance(answer, Stream) and is_whole(answer)]
        if streams and not misses and self._more:
            for finding in await self._told_otherwise(StreamRepeater(self._server, target), distinct(streams)):
                yield finding
        found = await self.scripted.finding(case, target) if self.scripted is not None else None
        if found is not None:
            yield found

    async def _told_otherwise(self, again: StreamRepeater, streams: list[Stream]) -> list[Finding]:
        """Each stream is cut otherwise, and the first that can be is retold, too."""
        first = next(filter(again.can_be_retold, streams), None)
        rest = asyncio.gather(*(again.cut_otherwise(stream) for stream in streams if stream is not first))
        cut, retold = await again.told_otherwise(first) if first is not None else ([], [])
        cut += [one for differing in await rest for one in differing]
        chunking = expect(CHUNKING, cut, equals=[], level="MUST")
        return [chunking, _retelling(retold)] if first is not None else [chunking]

    def _unplayed(self, case: Case) -> list[str]:
        """What the proxy should have asked. A request that LiteLLM refused by itself, a proxy may refuse by itself."""
        cards = self._server.deck.cards(case.id)
        return [card.name for card in cards if card.left and card.counts]


def _retelling(minded: list[VariantDifference]) -> Finding:
    """As binding as what was minded."""
    told = [{"ways": sorted(one.ways), "first": one.first, "then": one.then} for one in minded]
    return expect(RETELLING, told, equals=[], level=level_of(way for one in minded for way in one.ways))
