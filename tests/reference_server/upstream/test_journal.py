"""The journal: what is kept of an attempt, how attempts are counted, and waiting for them."""

from __future__ import annotations

import asyncio
import json

import pytest

from hopcheck_server.upstream.journal import journal as journal_module
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import from_json, to_json
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script
from hopcheck_server.wire.headers import Headers

MARKER = "hopcheck:a.b~~chat:1"
AUTH = {"Authorization": "Bearer sk-1"}


def arrived(marker=MARKER, *, path="/x", model="m", key="k", at=1):
    fields = [(b"Authorization", f"Bearer {key}".encode())]
    arrival = Arrival("POST", path, fields, b"", connection=1, received_ns=at)
    arrival.marker, arrival.model = marker, model
    return arrival


def added(journal, arrival):
    """Where an attempt stands among those of its marker, once it is added."""
    journal.add(arrival)
    return arrival.number, *journal.count_on_route(arrival)


def test_an_attempt_is_kept_as_it_came(wire):
    async def act(upstream):
        await wire.ask(upstream, wire.marked(), path="/v1/chat/completions?a=1", headers={**AUTH, "X-One": "Æ"})
        return upstream.journal.attempts(MARKER)[0]

    attempt = wire.serve({"a.b": reply.chat("x")}, act)
    assert (attempt.marker, attempt.script, attempt.number, attempt.model) == (MARKER, "a.b", 1, "m")
    assert (attempt.method, attempt.path, attempt.key) == ("POST", "/v1/chat/completions?a=1", "sk-1")
    assert attempt.headers[-1][0] == "x-one"
    assert attempt.header("HOST") == "127.0.0.1"
    assert attempt.header("none") is None
    assert attempt.json == wire.marked()
    assert 0 < attempt.received_ns <= attempt.head_sent_ns <= attempt.sent[0][0] <= attempt.ended_ns
    assert attempt.ended == "answered"


def test_attempts_survive_json():
    arrival = arrived()
    arrival.body, arrival.sent, arrival.ended = b"\x00\xff{", [1, 2, 3, 4], "hung-up"
    attempt = arrival.attempt()
    assert from_json(json.loads(json.dumps(to_json(attempt)))) == attempt
    assert attempt.sent == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([("authorization", "bearer a")], "a"),
        ([("Api-Key", "b")], "b"),
        ([("api-key", "b"), ("AUTHORIZATION", "Bearer a")], "a"),
        ([("authorization", "Basic xyz")], ""),
        ([], ""),
    ],
)
def test_an_arrival_and_its_attempt_have_the_same_key(headers, key):
    arrival = Arrival("POST", "/", Headers(headers).fields(), b"")
    assert arrival.key == arrival.attempt().key == key


def test_counts_by_marker_and_by_route():
    journal = Journal()
    arrivals = [
        arrived(path=path, model=model, key=key)
        for path, model, key in [
            ("/x", "m", "k"),
            ("/x", "m", "k"),
            ("/x", "backup", "k"),
            ("/x", "m", "other"),
            ("/y", "m", "k"),
            ("/x", "m", "k"),
        ]
    ]
    assert [added(journal, arrival) for arrival in arrivals] == [
        (1, 1, True),
        (2, 2, True),
        (3, 1, False),
        (4, 1, False),
        (5, 1, False),
        (6, 3, True),
    ]
    assert [attempt.number for attempt in journal.attempts(MARKER)] == [1, 2, 3, 4, 5, 6]
    assert added(journal, arrived("hopcheck:a.b~~chat:2")) == (1, 1, True)


def content_of(got):
    return got.json["choices"][0]["message"]["content"]


def test_turns_follow_the_attempts(wire):
    turns = [reply.status(503), reply.status(429), reply.chat("third")]

    async def act(upstream):
        return [(await wire.ask(upstream, wire.marked())).status for _ in range(4)], content_of(
            await wire.ask(upstream, wire.marked())
        )

    assert wire.serve({"a.b": turns}, act) == ([503, 429, 200, 200], "third")


def test_turns_by_model_key_and_route(wire):
    script = Script(
        turns=(reply.chat("first"), reply.chat("again")),
        backup=(reply.chat("backup"),),
        by_model={"special": (reply.chat("model"),)},
        by_key={"sk-9": (reply.chat("key"),)},
    )

    async def act(upstream):
        async def ask(model, key="sk-1"):
            payload = {**wire.marked(), "model": model}
            return content_of(await wire.ask(upstream, payload, headers={"Authorization": f"Bearer {key}"}))

        return [
            await ask(*route)
            for route in [("m",), ("other",), ("m",), ("special",), ("m", "sk-9"), ("special", "sk-9"), ("m",)]
        ]

    assert wire.serve({"a.b": script}, act) == ["first", "backup", "again", "model", "key", "model", "again"]


def test_what_is_unmarked_is_kept_apart_and_bounded(monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_UNMARKED", 3)
    journal = Journal()
    for at in range(5):
        journal.add(arrived("", at=at))
    assert [attempt.received_ns for attempt in journal.unmarked()] == [2, 3, 4]
    assert [attempt.received_ns for attempt in journal.unmarked(4)] == [4]
    assert journal.attempts("") == []


def test_markers_are_bounded(monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_MARKERS", 2)
    monkeypatch.setattr(journal_module, "MAX_OF_ONE_MARKER", 2)
    journal = Journal()
    for nonce in "123":
        journal.add(arrived(f"hopcheck:a~~chat:{nonce}"))
    assert [len(journal.attempts(f"hopcheck:a~~chat:{nonce}")) for nonce in "123"] == [0, 1, 1]
    for _ in range(3):
        journal.add(arrived("hopcheck:a~~chat:3"))
    assert [attempt.number for attempt in journal.attempts("hopcheck:a~~chat:3")] == [3, 4]
    journal.add(last := arrived("hopcheck:a~~chat:3"))
    assert last.number == 5


def test_what_is_handed_out_does_not_change():
    journal = Journal()
    arrival = arrived()
    journal.add(arrival)
    seen = journal.attempts(MARKER)[0]
    arrival.sent = [1, 1]
    journal.end(arrival, "answered", 5)
    journal.end(arrival, "hung-up", 6)
    assert (seen.sent, seen.ended) == ([], "")
    assert (journal.attempts(MARKER)[0].ended, journal.attempts(MARKER)[0].ended_ns) == ("answered", 5)


def test_waiting():
    journal = Journal()
    first, second = arrived(), arrived()

    async def main():
        both = asyncio.create_task(journal.wait(MARKER, attempts=2, timeout_s=20))
        arrivals = asyncio.create_task(journal.wait(MARKER, attempts=2, ended=False, timeout_s=20))
        await asyncio.sleep(0)
        journal.add(first)
        journal.end(first, "answered", 1)
        journal.add(second)
        seen = await arrivals
        assert not both.done()
        journal.end(second, "cut", 2)
        return [one.ended for one in seen], [one.ended for one in await both]

    assert asyncio.run(main()) == (["answered", ""], ["answered", "cut"])


def test_waiting_gives_what_there_is_when_the_time_is_over():
    journal = Journal()

    async def main():
        nothing = await journal.wait(MARKER, timeout_s=0.01)
        journal.add(arrived())
        going_on = await journal.wait(MARKER, timeout_s=0.01)
        at_once = await journal.wait(MARKER, attempts=0, ended=False, timeout_s=0)
        return len(nothing), len(going_on), len(at_once)

    assert asyncio.run(main()) == (0, 1, 1)


def test_a_cancelled_wait_leaves_nothing_behind():
    journal = Journal()

    async def main():
        task = asyncio.create_task(journal.wait(MARKER, timeout_s=20))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return journal._waiters

    assert asyncio.run(main()) == {}
