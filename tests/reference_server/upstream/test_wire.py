"""What an answer's bytes are: framing, compression, splits and joins, on a real socket and on both event loops."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply

BODY = '{"text": "Ærøskøbing 🜁"}'.encode()
MARKER = "hopcheck:a.b~~chat:1"


# Framing.


def test_json_has_its_length(wire, loop):
    seen, attempt = wire.play(reply.raw(200, BODY, "application/json"), loop=loop)
    assert seen.body == BODY
    assert f"content-length: {len(BODY)}".encode() in seen.head
    assert b"connection: close" in seen.head
    assert (seen.ended, attempt.ended) == ("eof", "answered")
    assert [size for _, size in attempt.sent] == [len(BODY)]


def test_json_in_chunks(wire, loop):
    seen, _ = wire.play(reply.raw(200, BODY, "application/json", framing="chunked"), loop=loop)
    assert b"transfer-encoding: chunked" in seen.head
    assert b"content-length" not in seen.head
    assert wire.dechunk(seen.body) == ([BODY], True)


@pytest.mark.parametrize("stream", [False, True])
def test_the_connections_end_ends_the_body(wire, loop, stream):
    seen, attempt = wire.play(reply.chat("Hel", "lo", framing="close"), stream=stream, loop=loop)
    assert b"content-length" not in seen.head
    assert b"transfer-encoding" not in seen.head
    assert b"connection: close" in seen.head
    assert sse.parse(seen.body)[-1].is_done if stream else json.loads(seen.body)
    assert attempt.ended == "answered"


@pytest.mark.parametrize("off_by", [-3, 5])
def test_a_wrong_length(wire, loop, off_by):
    scripted = reply.raw(200, BODY, "application/json", content_length=len(BODY) + off_by)
    seen, attempt = wire.play(scripted, loop=loop)
    assert f"content-length: {len(BODY) + off_by}".encode() in seen.head
    assert (seen.body, seen.ended, attempt.ended) == (BODY, "eof", "answered")


def test_http_1_0_gets_no_chunks(wire, loop):
    async def act(upstream):
        return await wire.raw(upstream, wire.request(wire.marked(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0"))

    seen = wire.play(reply.chat("x"), act, loop=loop)
    assert b"transfer-encoding" not in seen.head
    assert sse.parse(seen.body)[-1].is_done


# Compression.


def test_gzip_json(wire, loop):
    seen, _ = wire.play(reply.raw(200, BODY, "application/json", gzip=True), loop=loop)
    assert b"content-encoding: gzip" in seen.head
    assert f"content-length: {len(seen.body)}".encode() in seen.head
    assert gzip.decompress(seen.body) == BODY


@pytest.mark.parametrize(
    ("accepted", "encoded"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("gzip; q=0, br", False),
        ("", False),
        ("gzip;q=0, *", False),
        (None, False),
    ],
)
def test_gzip_only_for_those_that_ask_for_it(wire, loop, accepted, encoded):
    async def act(upstream):
        headers = {"connection": "close", **({} if accepted is None else {"accept-encoding": accepted})}
        return await wire.raw(upstream, wire.request(wire.marked(), headers=headers))

    seen = wire.play(reply.raw(200, BODY, "application/json", gzip=True), act, loop=loop)
    assert (b"content-encoding: gzip" in seen.head) is encoded
    assert (gzip.decompress(seen.body) if encoded else seen.body) == BODY


def test_gzip_stream_is_flushed_with_each_event(wire, loop):
    seen, attempt = wire.play(reply.chat("Hel", "lo", gzip=True), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    unzip = zlib.decompressobj(wbits=31)
    events = [sse.parse(unzip.decompress(chunk)) for chunk in chunks[:-1]]
    assert complete
    assert [len(each) for each in events] == [1] * 5
    unzip.decompress(chunks[-1])
    assert unzip.eof
    assert [size for _, size in attempt.sent] == [len(each[0].raw) for each in events]


# Splits and joins.


@pytest.mark.parametrize("offset", [1, 11, 12, len(BODY) - 3])
def test_a_split_body_is_whole_and_arrives_apart(wire, loop, offset):
    scripted = reply.raw(200, BODY, "application/json", split_at=(offset,))

    async def act(upstream):
        connection = await wire.opened(upstream)
        await connection.send_raw(wire.request(wire.marked()))
        got = await wire.read(connection)
        connection.abort()
        return got, (await upstream.journal.wait(MARKER, timeout_s=5))[0]

    got, attempt = wire.play(scripted, act, loop=loop)
    assert got.body == BODY
    assert [size for _, size in attempt.sent] == [offset, len(BODY) - offset]


def test_a_stream_split_at_every_byte(wire, loop):
    text = "Ærøskøbing 🜁"
    seen, attempt = wire.play(reply.chat(text, split_every=1), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    body = b"".join(chunks)
    assert complete
    assert {len(chunk) for chunk in chunks} == {1}
    assert len(attempt.sent) == len(body)
    assert sse.parse(body)[1].json["choices"][0]["delta"]["content"] == text


def test_a_stream_split_within_its_characters(wire, loop):
    seen, _ = wire.play(reply.chat("a€b", split_characters=True), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    assert complete
    place = chunks.index(b"\xe2")
    assert chunks[place - 1].endswith(b'"content":"a')
    assert chunks[place + 1] == b"\x82"
    assert chunks[place + 2].startswith(b"\xacb")


@pytest.mark.parametrize(("line_end", "places"), [("\n", [1]), ("\r\n", [1, 2, 3])])
def test_a_stream_split_within_its_blank_lines(wire, loop, line_end, places):
    scripted = reply.chat("a", "b", "c", split_blank_lines=True, line_end=line_end)
    seen, _ = wire.play(scripted, stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    assert complete
    assert len(sse.parse(b"".join(chunks))) == len(chunks) - 1
    left = [len(chunk) - len(chunk.lstrip(b"\r\n")) for chunk in chunks[1:]]
    assert sorted(set(left)) == places


def test_a_malformed_event_lacks_its_end(wire, loop):
    seen, _ = wire.play(reply.chat("Hel", "?", "lo", malformed_event=2), stream=True, loop=loop)
    events = sse.parse(b"".join(wire.dechunk(seen.body)[0]))
    texts = [event.json["choices"][0]["delta"].get("content") for event in (events[1], events[3])]
    assert texts == ["Hel", "lo"]
    assert events[2].json is None
    assert events[2].data.startswith('{"id"')
    assert events[-1].is_done


def test_splits_across_events(wire, loop):
    seen, attempt = wire.play(reply.chat("Hel", "lo", split_every=300), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    assert complete
    assert sse.parse(b"".join(chunks))[-1].is_done
    ends = {sum(size for _, size in attempt.sent[: place + 1]) for place in range(len(attempt.sent))}
    assert set(range(300, max(ends), 300)) <= ends


def test_joined_events_leave_in_one_write(wire, loop):
    seen, attempt = wire.play(reply.chat("Hel", "lo", join_events=True), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    assert complete
    assert [len(sse.parse(chunk)) for chunk in chunks] == [5]
    assert len(attempt.sent) == 1
