"""What is retold is what was sent, to the byte, but for what depends on the clock."""

from __future__ import annotations

import pytest

from hopcheck_server.upstream.retold import retold
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
def test_an_answer(wire, name: str, stream: bool) -> None:
    scripts = {"a.b": TURNS[name]}
    payload = wire.marked(stream=stream, n=2)

    async def act(upstream):
        plain = {"authorization": "Bearer sk-1", "accept-encoding": "identity"}
        got = await wire.ask(upstream, payload, headers=plain)
        return got, retold(upstream.journal.attempts("hopcheck:a.b~~chat:1"), upstream.scripts)

    got, (said,) = wire.serve(scripts, act)
    assert said.status == got.status
    assert {key.lower(): value for key, value in said.headers}.items() <= got.headers.items()
    assert steady(said.body) == steady(got.body)
    assert got.body


def steady(body: bytes) -> list[bytes]:
    """A body cut at its times of creation, each without its digits."""
    first, *rest = body.split(b'"created":')
    return [first, *(part.lstrip(b"0123456789") for part in rest)]


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
        return statuses, retold(upstream.journal.attempts("hopcheck:a.b~~chat:1"), upstream.scripts)

    statuses, said = wire.serve({"a.b": named}, act)
    assert len(set(statuses)) == 3
    assert [one.status for one in said] == statuses


def test_of_what_was_cut_only_what_had_left_is_retold(wire) -> None:
    async def act(upstream):
        seen = await wire.raw(upstream, wire.request(wire.marked()))
        return seen.body, retold(upstream.journal.attempts("hopcheck:a.b~~chat:1"), upstream.scripts)

    body, (said,) = wire.serve({"a.b": reply.chat("Hello", cut_at=25)}, act)
    assert said.body == body
    assert len(body) == 25


def test_nothing_is_retold_of_nothing() -> None:
    assert retold([], {}) == []
