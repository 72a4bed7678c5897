"""Requests with the same bytes as earlier ones: each is answered and kept like the first."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script

MARKER = "hopcheck:a.b~~chat:1"
HEADERS = {"Authorization": "Bearer sk-1"}
ALWAYS = {"a.b": reply.chat("always")}


async def asked(wire, upstream, times, payload, **options):
    """Send the same bytes over and over on one connection."""
    connection = await wire.opened(upstream)
    try:
        answers = []
        for _ in range(times):
            await connection.send_raw(wire.request(payload, **options))
            answers.append(await wire.read(connection))
        return answers
    finally:
        connection.abort()


def ids(answers):
    return [(answer.json["id"], answer.headers["x-request-id"]) for answer in answers]


def statuses(answers):
    return [answer.status for answer in answers]


def text(answer):
    return answer.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize("marked", [False, True])
def test_an_attempt_that_comes_again_is_kept_like_any_other(wire, marked):
    async def act(upstream):
        answers = await asked(wire, upstream, 20, wire.marked() if marked else wire.chat(), headers=HEADERS)
        journal = upstream.journal
        return answers, journal.attempts(MARKER) if marked else journal.unmarked()

    answers, attempts = wire.serve(ALWAYS, act)
    assert [attempt.number for attempt in attempts] == (list(range(1, 21)) if marked else [1] * 20)
    sizes = [[len(answer.body)] for answer in answers]
    assert [[size for _, size in attempt.sent] for attempt in attempts] == sizes
    times = [at for one in attempts for at in (one.received_ns, one.head_sent_ns, one.sent[0][0], one.ended_ns)]
    assert times == sorted(times)
    same = [
        replace(one, number=0, received_ns=0, head_sent_ns=0, sent=[], ended_ns=0, response=None) for one in attempts
    ]
    assert same == [same[0]] * 20
    assert (same[0].ended, same[0].model, same[0].key) == ("answered", "m", "sk-1")


@pytest.mark.parametrize("marked", [False, True])
def test_its_answer_is_that_of_its_number(wire, marked):
    payload = wire.marked() if marked else wire.chat()

    async def act(upstream):
        again = await asked(wire, upstream, 20, payload)
        upstream.forget(MARKER)
        upstream.load({})  # or a forgotten marker gets the default answer
        anew = await asked(wire, upstream, 20, payload)
        upstream.forget(MARKER)
        afresh = []
        for _ in range(20):
            upstream.load({})
            afresh.append((await asked(wire, upstream, 1, payload))[0])
        return again, anew, afresh

    again, anew, afresh = wire.serve(ALWAYS, act)
    assert (ids(again) == ids(anew) == ids(afresh)) is marked
    assert len({*ids(again), *ids(anew), *ids(afresh)}) == (20 if marked else 60)  # unmarked ones never share an id
    for answer in again:
        assert answer.json["id"].removeprefix("chatcmpl-") == answer.headers["x-request-id"].removeprefix("req_")
        assert int(answer.headers["content-length"]) == len(answer.body)


def test_many_connections_share_what_is_known(wire):
    async def act(upstream):
        for _ in range(3):
            await asked(wire, upstream, 4, wire.marked())
        return upstream.journal.attempts(MARKER)

    attempts = wire.serve(ALWAYS, act)
    assert [attempt.connection for attempt in attempts] == [1] * 4 + [2] * 4 + [3] * 4
    assert [attempt.number for attempt in attempts] == list(range(1, 13))


@pytest.mark.parametrize(
    "script",
    [
        Script(turns=(reply.chat("ok"),) * 6 + (reply.status(503),)),
        Script(turns=(reply.chat("ok"),) * 6 + (reply.status(503),), by_key={"sk-1": ()}),
        Script(turns=(reply.chat("never"),), by_key={"sk-1": (reply.chat("ok"),) * 6 + (reply.status(503),)}),
        Script(turns=(reply.chat("never"),), by_model={"m": (reply.chat("ok"),) * 6 + (reply.status(503),)}),
    ],
)
def test_turns_that_follow_the_attempts_still_do(wire, script):
    async def act(upstream):
        return await asked(wire, upstream, 8, wire.marked(), headers=HEADERS)

    assert statuses(wire.serve({"a.b": script}, act)) == [200] * 6 + [503] * 2


def change(upstream, how):
    {
        "load": lambda: upstream.load({"a.b": reply.script_of(reply.chat("other"))}),
        "set": lambda: upstream.scripts.update({"a.b": reply.script_of(reply.chat("other"))}),
        "remove": lambda: upstream.scripts.pop("a.b"),
        "release": lambda: upstream.release(MARKER),
    }[how]()


@pytest.mark.parametrize(
    ("how", "content"), [("load", "other"), ("set", "other"), ("remove", "Hello"), ("release", "Hello")]
)
def test_a_change_counts_at_once(wire, how, content):
    async def act(upstream):
        connection = await wire.opened(upstream)
        texts = []
        for place in range(10):
            if place == 5:
                change(upstream, how)
            await connection.send_raw(wire.request(wire.marked()))
            texts.append(text(await wire.read(connection)))
        connection.abort()
        return texts

    texts = wire.serve(ALWAYS, act)
    assert texts[:5] == ["always"] * 5
    assert all(one.startswith(content) for one in texts[5:])


def test_a_finished_case_begins_anew_when_scripts_are_loaded(wire):
    async def act(upstream):
        upstream.release(MARKER)
        before = await asked(wire, upstream, 5, wire.marked())
        upstream.load({})
        return text(before[-1]), text((await asked(wire, upstream, 1, wire.marked()))[0])

    finished, loaded = wire.serve(ALWAYS, act)
    assert finished.startswith("Hello from the hopcheck upstream. ")
    assert loaded == "always"


def test_counts_begin_anew_when_the_times_are_taken(wire):
    async def act(upstream):
        control = LocalControl(upstream)
        await asked(wire, upstream, 5, wire.marked())
        taken = await control.take("a.b")
        await asked(wire, upstream, 2, wire.marked())
        return taken, await control.attempts(MARKER)

    taken, left = wire.serve(ALWAYS, act)
    assert [times.number for times in taken] == [1, 2, 3, 4, 5]
    assert all(
        0 < times.received_ns <= times.head_sent_ns == times.first_sent_ns == times.last_sent_ns == times.ended_ns
        for times in taken
    )
    assert [attempt.number for attempt in left] == [1, 2]


def test_who_waits_hears_of_it(wire):
    async def act(upstream):
        await asked(wire, upstream, 5, wire.marked())
        control = LocalControl(upstream)
        connection = await wire.opened(upstream)
        await connection.send_raw(wire.request(wire.marked()))
        async with asyncio.timeout(20):
            attempts = await control.wait(MARKER, attempts=6, timeout_s=3600)
        connection.abort()
        return len(attempts)

    assert wire.serve(ALWAYS, act) == 6


def test_a_body_that_looks_like_a_known_request_is_a_body(wire):
    """The body of an upload looks like a request that is known."""
    known = wire.request(wire.chat())
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(known)}\r\n\r\n".encode()

    async def act(upstream):
        await asked(wire, upstream, 5, wire.chat())
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writer.write(head)
        await wire.until(lambda: any(connection._method for connection in upstream.connections))
        writer.write(known)
        status = await reader.readline()
        writer.close()
        return status, upstream.journal.unmarked()[-1].body

    assert wire.serve({}, act) == (b"HTTP/1.1 400 Bad Request\r\n", known)
