"""The journal keeps what was sent to an attempt: status, headers, and the bytes of the body."""

from __future__ import annotations

import json

import pytest

from hopcheck_server.upstream.journal import journal as journal_module
from hopcheck_server.upstream.journal.attempt import from_json, to_json
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Script, Turn

TURNS = {
    "default": Turn(),
    "chat": reply.chat("Hel", "lo"),
    "status": reply.status(429, headers={"Retry-After": "7"}),
    "html": reply.html(),
    "events": reply.events({"choices": "none"}, ": a comment\n\n", 'data: {"half":\n\n', done=2),
    "echo": reply.status(401, {"message": "no such key: $KEY"}, echo=True),
    "gzip": reply.chat("Hel", "lo", gzip=True),
    "split": reply.chat("Hel", "lo", split_every=3),
    "until the end": reply.raw(200, '{"id": "chatcmpl-1"}', "application/json", framing="close", cut_at=7),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", TURNS)
def test_a_response_is_kept_as_it_was_sent(wire, name: str, stream: bool) -> None:
    scripts = {"a.b": TURNS[name]}
    payload = wire.marked(stream=stream, n=2)

    async def act(upstream):
        plain = {"authorization": "Bearer sk-1", "accept-encoding": "identity"}
        got = await wire.ask(upstream, payload, headers=plain)
        return got, upstream.journal.attempts("hopcheck:a.b~~chat:1")

    got, (attempt,) = wire.serve(scripts, act)
    assert attempt.response.status == got.status
    assert {key.lower(): value for key, value in attempt.response.headers}.items() <= got.headers.items()
    assert attempt.response.body == got.body
    assert got.body
    assert from_json(json.loads(json.dumps(to_json(attempt)))) == attempt
    assert from_json(to_json(attempt, with_response=False)).response is None


def test_what_follows_the_promised_length_is_no_part_of_it(wire) -> None:
    async def act(upstream):
        await wire.ask(upstream, wire.marked())
        return upstream.journal.attempts("hopcheck:a.b~~chat:1")

    (attempt,) = wire.serve({"a.b": reply.raw(200, "abcdef", "text/plain", content_length=4)}, act)
    assert attempt.response.body == b"abcd"


def test_each_attempt_plays_its_turn(wire) -> None:
    first, second, other = (reply.status(code) for code in (500, 503, 418))
    named = Script(
        turns=(first, second), backup=(other, second), by_model={"z": (other,)}, by_key={"sk-9": (second, first)}
    )
    asked = [("m", ""), ("m", ""), ("n", ""), ("m", ""), ("n", ""), ("z", ""), ("m", "sk-9"), ("m", "sk-9")]

    async def act(upstream):
        statuses = []
        for model, key in asked:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            statuses.append((await wire.ask(upstream, wire.marked(model=model), headers=headers)).status)
        return statuses, upstream.journal.attempts("hopcheck:a.b~~chat:1")

    statuses, attempts = wire.serve({"a.b": named}, act)
    assert len(set(statuses)) == 3
    assert [attempt.response.status for attempt in attempts] == statuses


def test_of_a_cut_body_the_part_that_was_sent_is_kept(wire) -> None:
    async def act(upstream):
        seen = await wire.raw(upstream, wire.request(wire.marked()))
        return seen.body, upstream.journal.attempts("hopcheck:a.b~~chat:1")

    body, (attempt,) = wire.serve({"a.b": reply.chat("Hello", cut_at=25)}, act)
    assert attempt.response.body == body
    assert len(body) == 25


def test_the_stamps_that_were_sent_are_kept(wire) -> None:
    async def act(upstream):
        got = await wire.ask(upstream, wire.marked(stream=True))
        return got, upstream.journal.attempts("hopcheck:a.b~~chat:1")[0]

    got, attempt = wire.serve({"a.b": reply.chat("a", "b", stamps=True)}, act)
    assert attempt.response.body == got.body


def test_nothing_is_kept_before_the_head_has_been_sent(wire) -> None:
    async def act(upstream):
        await wire.raw(upstream, wire.request(wire.marked()))
        return upstream.journal.attempts("hopcheck:a.b~~chat:1")[0]

    assert wire.serve({"a.b": reply.chat("Hello", cut_at=-1)}, act).response is None


def test_the_latest_responses_are_kept(wire, monkeypatch) -> None:
    monkeypatch.setattr(journal_module, "MAX_RESPONSES", 2)

    async def act(upstream):
        for _ in range(3):
            await wire.ask(upstream, wire.marked())
        return upstream.journal.attempts("hopcheck:a.b~~chat:1")

    attempts = wire.serve({"a.b": reply.chat("Hello")}, act)
    assert [attempt.response is not None for attempt in attempts] == [False, True, True]
