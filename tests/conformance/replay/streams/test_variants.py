"""Variants of a stream mean the same to a correct reader, and expose an incorrect one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from cassette_samples import MADE, event, streamed

from hopcheck import Events, Failure, Relay
from hopcheck.authoring.findings import Finding
from hopcheck.cassettes import Cassette
from hopcheck.gate.catalogue import all_cases
from hopcheck.replay.findings import VARIANTS
from hopcheck.replay.streams.chunking import StreamVariant, pieces_of
from hopcheck.replay.streams.variants import CHUNKS, LINES, can_be_rewritten, level_of, meaning, rewritten
from hopcheck.selftest.replayed.trials import on_cassette
from hopcheck_contracts.sse import parse
from hopcheck_server.relay.streams import events_of

CASE = all_cases()["stream.finish-once"]
STREAM = streamed(CASE.id, "n0", ("Grü", "ße"), operation="chat.stream")
ALL = (frozenset(LINES), frozenset(CHUNKS))
WAYS = sorted([*LINES, *CHUNKS])
assert STREAM.response is not None
CASSETTE = Cassette(CASE.id, MADE, (STREAM,), operation="chat.stream")
BODY = STREAM.response.body


def data(body: bytes) -> list[str]:
    return [one.data for one in parse(body) if one.data is not None]


@pytest.mark.parametrize("ways", [*ALL, *(frozenset({way}) for way in WAYS)], ids=lambda ways: "+".join(sorted(ways)))
def test_a_variant_differs_and_means_the_same(ways) -> None:
    variant = rewritten(BODY, ways)
    assert variant != BODY
    assert meaning(data(variant)) == meaning(data(BODY))
    assert b"".join(piece.data for piece in pieces_of(STREAM, StreamVariant(ways))) == variant


def test_each_way_does_what_it_is_called() -> None:
    assert b"\n:\ndata: {" in rewritten(BODY, frozenset({"comments"}))
    assert b"\r\n\r\ndata" in rewritten(BODY, frozenset({"crlf"}))
    assert b"data: " not in rewritten(BODY, frozenset({"no-space"}))
    assert b"id: 7\nretry: 3000\ndata: {\ndata: " in rewritten(BODY, frozenset({"two-lines"}))
    chunks = {
        way: [json.loads(one) for one in data(rewritten(BODY, frozenset({way})))[:-1]]
        for way in ("empty-choices", "empty-deltas", "unknown-fields")
    }
    assert [chunk["choices"] for chunk in chunks["empty-choices"]].count([]) == 2
    assert [chunk["choices"][0]["delta"] for chunk in chunks["empty-deltas"]][1:3] == [{}, {"content": None}]
    assert "x_hopcheck" in chunks["unknown-fields"][0]["choices"][0]["delta"]


def test_the_meaning_keeps_usage_and_broken_data() -> None:
    usage = event(choices=[], usage={"total_tokens": 3})
    assert meaning(data(usage)) != []
    assert meaning(["{not JSON", "[DONE]"]) == ["{not JSON", "[DONE]"]
    assert meaning(data(BODY.replace(b"Gr", b"gr"))) != meaning(data(BODY))


def test_only_valid_streams_are_rewritten() -> None:
    assert can_be_rewritten(STREAM)
    assert not can_be_rewritten(replace(STREAM, response=None))
    assert not can_be_rewritten(replace(STREAM, delivery=replace(STREAM.delivery, ended="cut")))
    for body in (b"data: {not\n\ndata: [DONE]\n\n", b'data: {"error": {}}\n\ndata: [DONE]\n\n', event(choices=[])):
        assert not can_be_rewritten(replace(STREAM, response=replace(STREAM.response, body=body)))


def judged(relay: type[Relay]) -> Finding:
    verdict = asyncio.run(on_cassette(CASE, relay, {CASSETTE.name: CASSETTE}, more=True)).verdict
    return next(finding for finding in verdict.findings if finding.check == VARIANTS)


class ChokesOnComments(Relay):
    """A comment ends the stream."""

    async def sound(self, events: Events) -> Events:
        async for one in super().sound(events):
            if one.comments:
                raise Failure("garbled", "no data")
            yield one


class KnowsOneLineEnd(Relay):
    """Lines end with a line feed, or not at all."""

    def parse(self, body) -> Events:
        async def without_returns():
            async for read in body:
                if b"\r" in read:
                    raise Failure("garbled", "a carriage return")
                yield read

        return events_of(without_returns())


@pytest.mark.parametrize(
    ("relay", "way", "level"), [(ChokesOnComments, "comments", "MUST"), (KnowsOneLineEnd, "crlf", "SHOULD")]
)
def test_a_finding_names_the_variant_that_differs(relay, way, level) -> None:
    finding = judged(relay)
    assert not finding.ok
    assert [one["ways"] for one in finding.actual] == [[way]]
    assert str(finding.level) == level == level_of([way])


def test_a_variant_is_rechunked_too() -> None:
    (whole,) = pieces_of(STREAM, StreamVariant(ALL[0], "coalesced"))
    assert whole.data == rewritten(BODY, ALL[0])


def test_the_healthy_relay_passes_all_variants() -> None:
    assert judged(Relay).ok
