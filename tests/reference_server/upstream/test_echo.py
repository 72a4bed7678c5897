"""A provider that tells keys, and where they are found."""

from __future__ import annotations

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.transfer import dump, load

KEY = 'sk-"quoted"'
AUTHORIZED = {"authorization": f"Bearer {KEY}"}
REFUSED = reply.status(401, {"message": "Bad key $KEY."}, headers={"x-key": "$KEY"}, echo=True)


def test_the_key_stands_in_body_and_headers(wire):
    got = wire.serve({"a.b": REFUSED}, lambda upstream: wire.ask(upstream, wire.marked(), headers=AUTHORIZED))
    assert got.status == 401
    assert got.json["error"]["message"] == f"Bad key {KEY}."
    assert got.headers["x-key"] == KEY


def test_each_attempt_gets_its_own_key(wire):
    async def act(upstream):
        keys = ("first", "second")
        return [await wire.ask(upstream, wire.marked(), headers={"authorization": f"Bearer {key}"}) for key in keys]

    assert [got.headers["x-key"] for got in wire.serve({"a.b": REFUSED}, act)] == ["first", "second"]


def test_the_key_stands_in_events(wire):
    script = reply.events(reply.delta(content="Hel"), {"error": {"message": "Bad key $KEY."}}, echo=True)
    got = wire.serve({"a.b": script}, lambda upstream: wire.ask(upstream, wire.marked(stream=True), headers=AUTHORIZED))
    errors = [event.json["error"]["message"] for event in sse.parse(got.body) if event.data and "error" in event.data]
    assert errors == [f"Bad key {KEY}."]


def test_without_echo_the_text_stays(wire):
    script = reply.status(400, {"message": "costs $KEY"})
    got = wire.serve({"a.b": script}, lambda upstream: wire.ask(upstream, wire.marked(), headers=AUTHORIZED))
    assert got.json["error"]["message"] == "costs $KEY"


def test_a_script_with_echo_can_be_sent():
    scripts = {"a.b": reply.script_of(REFUSED)}
    assert load(dump(scripts)) == scripts


def test_where_a_text_stands_in_an_attempt(wire):
    async def act(upstream):
        await wire.ask(upstream, wire.marked(user="secret"), path="/v1/chat/completions?k=secret", headers=AUTHORIZED)
        return upstream.journal.attempts("hopcheck:a.b~~chat:1")[0]

    attempt = wire.serve({}, act)
    assert attempt.where("secret") == ["path", "body"]
    assert attempt.where(KEY) == ["header authorization"]
    assert attempt.where("elsewhere") == attempt.where("") == []
