"""Control, in the same process and over HTTP: both do the same."""

from __future__ import annotations

import asyncio
import time

import pytest

from hopcheck_server.upstream.control.client import LocalControl, RemoteControl
from hopcheck_server.upstream.script import reply

MARKER = "hopcheck:a.b~~chat:1"


@pytest.fixture(params=["local", "remote"])
def controlled(request, wire):
    """Run `act(upstream, control)` with either control."""

    def run(scripts, act):
        async def main(upstream):
            control = LocalControl(upstream) if request.param == "local" else RemoteControl(upstream.url)
            try:
                return await act(upstream, control)
            finally:
                await control.aclose()

        return wire.serve(scripts, main)

    return run


def test_scripts_are_added(wire, controlled):
    async def act(upstream, control):
        await control.load(
            {"c.d": reply.script_of(reply.raw(200, b"\xff\x00", "x/y")), "a.b": reply.script_of(reply.chat("new"))}
        )
        return [(await wire.ask(upstream, wire.marked(name))).body for name in ("a.b", "c.d", "e.f")]

    changed, added, kept = controlled({"a.b": reply.chat("old"), "e.f": reply.chat("kept")}, act)
    assert b"new" in changed
    assert added == b"\xff\x00"
    assert b"kept" in kept


def test_attempts_and_waiting(wire, controlled):
    async def act(upstream, control):
        none = await control.attempts(MARKER)
        waiting = asyncio.create_task(control.wait(MARKER, attempts=2, timeout_s=20))
        await wire.ask(upstream, wire.marked())
        await wire.ask(upstream, wire.marked())
        return none, await waiting, await control.attempts(MARKER), upstream.journal.attempts(MARKER)

    none, waited, asked, known = controlled({"a.b": reply.chat("x")}, act)
    assert none == []
    assert waited == asked == known
    assert len(known) == 2


def test_a_wait_that_is_over_gives_what_there_is(wire, controlled):
    async def act(upstream, control):
        asking = asyncio.create_task(wire.ask(upstream, wire.marked()))
        arrived = await control.wait(MARKER, ended=False, timeout_s=20)
        hanging = await control.wait(MARKER, timeout_s=0.02)
        asking.cancel()
        gone = await control.wait(MARKER, timeout_s=20)
        return [attempts[0].ended for attempts in (arrived, hanging, gone)]

    assert controlled({"a.b": reply.hang()}, act) == ["", "", "hung-up"]


def test_after_the_release_nothing_hangs_again(wire, controlled):
    async def act(upstream, control):
        asking = asyncio.create_task(wire.ask(upstream, wire.marked()))
        await control.wait(MARKER, ended=False, timeout_s=20)
        await control.release(MARKER)
        await asyncio.gather(asking, return_exceptions=True)
        again = await wire.ask(upstream, wire.marked())
        return again.status, [attempt.ended for attempt in await control.wait(MARKER, attempts=2, timeout_s=20)]

    assert controlled({"a.b": reply.hang()}, act) == (200, ["released", "answered"])


def test_only_the_marker_that_is_named_is_released(wire, controlled):
    async def act(upstream, control):
        asking = [asyncio.create_task(wire.ask(upstream, wire.marked(nonce=nonce))) for nonce in "12"]
        for nonce in "12":
            await control.wait(f"hopcheck:a.b~~chat:{nonce}", ended=False, timeout_s=20)
        await control.release(MARKER)
        other = await control.attempts("hopcheck:a.b~~chat:2")
        await control.release("hopcheck:a.b~~chat:2")
        await asyncio.gather(*asking, return_exceptions=True)
        return other[0].ended

    assert controlled({"a.b": reply.hang()}, act) == ""


def test_forgetting(wire, controlled):
    async def act(upstream, control):
        await wire.ask(upstream, wire.marked())
        await control.forget(MARKER)
        forgotten = await control.attempts(MARKER)
        await control.load({})
        return forgotten, (await wire.ask(upstream, wire.marked())).status

    assert controlled({"a.b": [reply.status(503), reply.chat("x")]}, act) == ([], 503)


def test_unmarked_attempts(wire, controlled):
    async def act(upstream, control):
        await wire.ask(upstream, method="GET", path="/v1/models")
        since = time.monotonic_ns()
        await wire.ask(upstream, method="GET", path="/health")
        return [[one.path for one in await control.unmarked(at)] for at in (0, since)]

    assert controlled({}, act) == [["/v1/models", "/health"], ["/health"]]


def test_connections_are_counted(wire, controlled):
    async def act(upstream, control):
        before = await control.opened()
        await wire.ask(upstream, wire.marked())
        return before < (await control.attempts(MARKER))[0].connection <= await control.opened()

    assert controlled({}, act)


def test_a_wait_whose_asker_leaves_is_given_up(wire):
    async def act(upstream):
        control = RemoteControl(upstream.url)
        waiting = asyncio.create_task(control.wait(MARKER, timeout_s=20))
        await wire.until(lambda: bool(upstream.journal._waiters))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await wire.until(lambda: not upstream.journal._waiters)
        await control.aclose()
        return True

    assert wire.serve({}, act)


def test_taking_times(wire, controlled):
    async def act(upstream, control):
        for nonce in "12":
            await wire.ask(upstream, wire.marked(nonce=nonce))
        await wire.ask(upstream, wire.marked("c.d"))
        known = [(await control.attempts(f"hopcheck:a.b~~chat:{nonce}"))[0] for nonce in "12"]
        taken = await control.take("a.b")
        return known, taken, await control.take("a.b"), await control.attempts("hopcheck:c.d~~chat:1")

    scripts = {"a.b": reply.chat("x", "y"), "c.d": reply.chat("z")}
    known, taken, again, other = controlled(scripts, act)
    assert [(one.marker, one.number, one.received_ns) for one in taken] == [
        (one.marker, 1, one.received_ns) for one in known
    ]
    assert all(one.first_sent_ns == one.last_sent_ns == seen.sent[0][0] for one, seen in zip(taken, known, strict=True))
    assert again == []
    assert len(other) == 1
