"""The findings that a replay adds to those of a case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding, expect
from hopcheck.client import Stream, Target
from hopcheck.engine.verdict import Occurrence
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.replay.scripted_faults import ScriptedRuns
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.repetition import StreamRepeater, VariantDifference, distinct, is_whole
from hopcheck.replay.streams.variants import level_of

NOTHING: Mapping[str, Any] = {}

CHUNKING = "replay.chunking"

VARIANTS = "replay.variants"


class ReplayFindings:
    """Finds whether a case sent the requests on its cassette, and how the proxy handles variants of its streams.

    Attributes:
        scripted: Runs cases with their scripts in LiteLLM's place; None without a scripted backend.
    """

    def __init__(self, server: ReplayServer, *, with_variants: bool = True, own: Mapping[str, Any] = NOTHING) -> None:
        """Judge the cases of a server.

        Args:
            server: The server that plays the cassettes.
            with_variants: Whether to request streams again, in other chunks and variants.
            own: See `ScriptedRuns`.
        """
        self._server = server
        self._with_variants = with_variants
        self.scripted = ScriptedRuns(server, own) if server.scripted_backend is not None else None

    async def __call__(self, case: Case, target: Target) -> AsyncIterator[Finding | Occurrence]:
        """Judge a case that has just run."""
        name = cassette_of_case(case, target.config.provider)
        misses = list(self._server.misses.get(name, ()))
        yield expect("replay.match", misses, equals=[], level="MUST")
        yield expect("replay.played", self._unplayed(name), equals=[], level="MUST")
        streams = [answer for answer in target.responses if isinstance(answer, Stream) and is_whole(answer)]
        if streams and not misses and self._with_variants:
            for finding in await self._variants(StreamRepeater(self._server, target), distinct(streams)):
                yield finding
        if self.scripted is not None and not target.config.provider:  # in LiteLLM's place, providers are all the same
            for found in await self.scripted.findings(case, target):
                yield found

    async def _variants(self, repeater: StreamRepeater, streams: list[Stream]) -> list[Finding]:
        """Each stream is rechunked, and the first that can be rewritten is requested in variants, too."""
        first = next(filter(repeater.can_be_rewritten, streams), None)
        rest = asyncio.gather(*(repeater.rechunked(stream) for stream in streams if stream is not first))
        cut, rewritten = await repeater.in_variants(first) if first is not None else ([], [])
        cut += [one for differing in await rest for one in differing]
        chunking = expect(CHUNKING, cut, equals=[], level="MUST")
        return [chunking, _variants_finding(rewritten)] if first is not None else [chunking]

    def _unplayed(self, cassette: str) -> list[str]:
        """The recorded requests that the proxy has not sent, without those that LiteLLM refused by itself."""
        recorded = self._server.index.of_cassette(cassette)
        return [one.name for one in recorded if one.left and one.is_required]


def _variants_finding(differences: list[VariantDifference]) -> Finding:
    """A finding as binding as the most binding variant that made a difference."""
    shown = [{"ways": sorted(one.ways), "first": one.first, "then": one.then} for one in differences]
    return expect(VARIANTS, shown, equals=[], level=level_of(way for one in differences for way in one.ways))
