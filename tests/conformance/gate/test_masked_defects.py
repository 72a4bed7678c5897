"""A defect that every healthy stream shows is reported by the case about it, and by no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hopcheck import Events, Relay
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.selftest.relay_host import RelayHost

CASES = ("stream.done-once", "stream.comments", "stream.delta-empty", "stream.frame-split", "stream.malformed-chunk")


class SaysNoDone(Relay):
    """Streams end without `[DONE]`."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if not event.is_done:
                yield event


class SaysNothing(Relay):
    """Streams end before they say anything."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if event.data is None:
                yield event


def gated(relay: type[Relay]) -> tuple[list[str], list[str]]:
    """The cases that deviate, and the notes of the report."""

    async def main() -> tuple[list[str], list[str]]:
        async with RelayHost({"relay": relay}, []) as host:
            config = replace(host.context("relay").config, upstream_url=host.upstream.url)
            cases = [all_cases()[name] for name in CASES]
            result = await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)
            return [one.case_id for one in result.verdicts if one.outcome is Outcome.DEVIATES], result.notes

    return asyncio.run(main())


def test_streams_without_done_are_red_once() -> None:
    deviating, notes = gated(SaysNoDone)
    assert deviating == ["stream.done-once"]
    assert [note for note in notes if "streams without [DONE]" in note]


@pytest.mark.parametrize(("relay", "red"), [(Relay, []), (SaysNothing, sorted(CASES))])
def test_nothing_else_is_left_out(relay: type[Relay], red: list[str]) -> None:
    deviating, notes = gated(relay)
    assert (sorted(deviating), notes) == (red, [])
