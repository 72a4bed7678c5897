"""How an answer's bytes leave: every option of `Wire`, on a real socket and on both event loops."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib

import pytest

from hopcheck_contracts import sse
from hopcheck_server.http1.client import Broken
from hopcheck_server.upstream import reply

BODY = '{"text": "Ærøskøbing 🜁"}'.encode()
MARKER = "hopcheck:a.b:1"


def play(wire, loop, said, act=None, **fields):
    """Play a turn; gives what came until the connection ended, and the attempt."""

    async def default(upstream):
        data = wire.request(wire.marked(**fields), headers={"connection": "close"})
        seen = await wire.raw(upstream, data)
        return seen, (await upstream.journal.wait(MARKER, timeout_s=5))[0]

    return wire.serve({"a.b": said}, act or default, loop=loop)


def dechunk(body):
    """Sizes and data of the chunks, and whether the last one came."""
    chunks = []
    while b"\r\n" in body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return chunks, True
        chunks.append(body[:length])
        body = body[length + 2 :]
    return chunks, False


# Framing.


def test_json_has_its_length(wire, loop):
    seen, attempt = play(wire, loop, reply.raw(200, BODY, "application/json"))
    assert seen.body == BODY
    assert f"content-length: {len(BODY)}".encode() in seen.head
    assert b"connection: close" in seen.head
    assert (seen.ended, attempt.ended) == ("eof", "answered")
    assert [size for _, size in attempt.sent] == [len(BODY)]


def test_json_in_chunks(wire, loop):
    seen, _ = play(wire, loop, reply.raw(200, BODY, "application/json", framing="chunked"))
    assert b"transfer-encoding: chunked" in seen.head
    assert b"content-length" not in seen.head
    assert dechunk(seen.body) == ([BODY], True)


@pytest.mark.parametrize("stream", [False, True])
def test_the_connections_end_ends_the_body(wire, loop, stream):
    seen, attempt = play(wire, loop, reply.chat("Hel", "lo", framing="close"), stream=stream)
    assert b"content-length" not in seen.head
    assert b"transfer-encoding" not in seen.head
    assert b"connection: close" in seen.head
    assert sse.parse(seen.body)[-1].is_done if stream else json.loads(seen.body)
    assert attempt.ended == "answered"


@pytest.mark.parametrize("off_by", [-3, 5])
def test_a_wrong_length(wire, loop, off_by):
    said = reply.raw(200, BODY, "application/json", content_length=len(BODY) + off_by)
    seen, attempt = play(wire, loop, said)
    assert f"content-length: {len(BODY) + off_by}".encode() in seen.head
    assert (seen.body, seen.ended, attempt.ended) == (BODY, "eof", "answered")


def test_http_1_0_gets_no_chunks(wire, loop):
    async def act(upstream):
        return await wire.raw(upstream, wire.request(wire.marked(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0"))

    seen = play(wire, loop, reply.chat("x"), act)
    assert b"transfer-encoding" not in seen.head
    assert sse.parse(seen.body)[-1].is_done


# Compression.


def test_gzip_json(wire, loop):
    seen, _ = play(wire, loop, reply.raw(200, BODY, "application/json", gzip=True))
    assert b"content-encoding: gzip" in seen.head
    assert f"content-length: {len(seen.body)}".encode() in seen.head
    assert gzip.decompress(seen.body) == BODY


@pytest.mark.parametrize(
    ("accepted", "encoded"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("identity", False), ("gzip; q=0, br", False), ("", False)],
)
def test_gzip_only_for_those_that_take_it(wire, loop, accepted, encoded):
    async def act(upstream):
        headers = {"connection": "close", "accept-encoding": accepted}
        return await wire.raw(upstream, wire.request(wire.marked(), headers=headers))

    seen = play(wire, loop, reply.raw(200, BODY, "application/json", gzip=True), act)
    assert (b"content-encoding: gzip" in seen.head) is encoded
    assert (gzip.decompress(seen.body) if encoded else seen.body) == BODY


def test_gzip_stream_is_flushed_with_each_event(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("Hel", "lo", gzip=True), stream=True)
    chunks, complete = dechunk(seen.body)
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
    said = reply.raw(200, BODY, "application/json", split_at=(offset,))

    async def act(upstream):
        connection = await wire.opened(upstream)
        await connection.send_raw(wire.request(wire.marked()))
        got = await wire.read(connection)
        connection.abort()
        return got, (await upstream.journal.wait(MARKER, timeout_s=5))[0]

    got, attempt = play(wire, loop, said, act)
    assert got.body == BODY
    assert [size for _, size in attempt.sent] == [offset, len(BODY) - offset]


def test_a_stream_split_at_every_byte(wire, loop):
    text = "Ærøskøbing 🜁"
    seen, attempt = play(wire, loop, reply.chat(text, split_every=1), stream=True)
    chunks, complete = dechunk(seen.body)
    body = b"".join(chunks)
    assert complete
    assert {len(chunk) for chunk in chunks} == {1}
    assert len(attempt.sent) == len(body)
    assert sse.parse(body)[1].json["choices"][0]["delta"]["content"] == text


def test_splits_across_events(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("Hel", "lo", split_every=300), stream=True)
    chunks, complete = dechunk(seen.body)
    assert complete
    assert sse.parse(b"".join(chunks))[-1].is_done
    ends = {sum(size for _, size in attempt.sent[: place + 1]) for place in range(len(attempt.sent))}
    assert set(range(300, max(ends), 300)) <= ends


def test_joined_events_leave_in_one_write(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("Hel", "lo", join_events=True), stream=True)
    chunks, complete = dechunk(seen.body)
    assert complete
    assert [len(sse.parse(chunk)) for chunk in chunks] == [5]
    assert len(attempt.sent) == 1


# Times. Sleeps of the upstream's: what is asserted is the journal's order and lower bounds, which hold on any machine.

EARLY_NS = 2_000_000  # a tick of the loop's clock, and one of the clock's rounding


def test_delays(wire, loop):
    said = reply.chat("Hel", "lo", delay_s=0.03, first_event_delay_s=0.04, pace_s=0.02)
    _, attempt = play(wire, loop, said, stream=True)
    assert attempt.head_sent_ns - attempt.received_ns >= 30_000_000 - EARLY_NS
    first = attempt.sent[0][0]
    assert first - attempt.head_sent_ns >= 30_000_000  # the schedule is absolute: a late head doesn't delay the rest
    for place, (at, _) in enumerate(attempt.sent):
        assert at - attempt.received_ns >= 70_000_000 + place * 20_000_000 - EARLY_NS


def test_a_late_event_does_not_delay_the_next(wire, loop):
    async def act(upstream):
        task = asyncio.create_task(wire.ask(upstream, wire.marked(stream=True)))
        await upstream.journal.wait(MARKER, ended=False, timeout_s=5)
        time.sleep(0.06)  # noqa: ASYNC251 - the loop is held up on purpose
        await task
        return upstream.journal.attempts(MARKER)[0]

    attempt = play(wire, loop, reply.chat("a", "b", "c", pace_s=0.02), act)
    times = [at for at, _ in attempt.sent]
    assert times[3] - times[2] < 20_000_000  # what was overdue left at once


# Ends.


@pytest.mark.parametrize("cut", ["close", "reset"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_at_an_offset(wire, loop, cut, stream):
    seen, attempt = play(wire, loop, reply.chat("Hello", cut=cut, cut_at=30), stream=stream)
    assert seen.ended == {"close": "eof", "reset": "reset"}[cut]
    assert attempt.ended == "cut"
    if stream:
        assert dechunk(seen.body)[0][0].startswith(b'data: {"id":')
        assert not dechunk(seen.body)[1]
    else:
        length = int(seen.head.partition(b"content-length: ")[2].split()[0])
        assert (len(seen.body), length > 100) == (30, True)


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_a_cut_after_the_headers(wire, loop, cut):
    seen, attempt = play(wire, loop, reply.chat("Hello", cut=cut, cut_at=0))
    assert seen.head.startswith(b"HTTP/1.1 200 OK")
    assert (seen.body, attempt.ended, attempt.sent) == (b"", "cut", [])
    assert attempt.head_sent_ns > 0


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_a_cut_before_the_headers(wire, loop, cut):
    seen, attempt = play(wire, loop, reply.chat("Hello", cut=cut, cut_at=-1))
    assert seen.data == b""
    assert (seen.ended, attempt.ended) == ({"close": "eof", "reset": "reset"}[cut], "cut")
    assert attempt.head_sent_ns == 0


def test_a_cut_after_some_events(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("Hel", "lo", cut_after_events=2), stream=True)
    chunks, complete = dechunk(seen.body)
    assert ([len(sse.parse(chunk)) for chunk in chunks], complete) == ([1, 1], False)
    assert len(attempt.sent) == 2


def test_a_cut_compressed_body_claims_more(wire, loop):
    seen, _ = play(wire, loop, reply.raw(200, BODY, "application/json", gzip=True, cut_at=len(BODY)))
    length = int(seen.head.partition(b"content-length: ")[2].split()[0])
    assert length > len(seen.body)


@pytest.mark.parametrize(
    ("where", "after", "stream", "events"),
    [
        ("headers", 0, True, None),
        ("body", 0, True, 0),
        ("events", 2, True, 2),
        ("events", 99, True, 5),
        ("events", 1, False, 1),
    ],
)
def test_hangs_until_released(wire, loop, where, after, stream, events):
    async def act(upstream):
        connection = await wire.opened(upstream)
        await connection.send_raw(wire.request(wire.marked(stream=stream)))
        await wire.until(lambda: [len(one.sent) for one in upstream.journal.attempts(MARKER)] == [events or 0])
        if events is not None:
            assert (await connection.head(5)).status == 200
        attempts = await upstream.journal.wait(MARKER, timeout_s=0)
        upstream.release(MARKER)
        with pytest.raises(Broken) as broken:
            [data async for data in connection.chunks(5)]
        return attempts[0], broken.value.ended, (await upstream.journal.wait(MARKER, timeout_s=5))[0]

    hanging, ended, released = play(wire, loop, reply.hang(where, after=after), act)
    assert (hanging.ended, len(hanging.sent)) == ("", events or 0)
    assert (hanging.head_sent_ns > 0) == (events is not None)
    assert ended in ("cut", "reset")
    assert released.ended == "released"
    assert released.ended_ns >= hanging.received_ns


def test_the_connection_closes_after_the_answer_if_told_so(wire, loop):
    async def act(upstream):
        return await wire.raw(upstream, wire.request(wire.marked()))

    seen = play(wire, loop, reply.chat("x", close=True), act)
    assert (seen.ended, b"connection: close" in seen.head) == ("eof", True)
    assert json.loads(seen.body)


# Stamps.


def test_stamps_say_sequence_and_time_of_sending(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("a", "b", "c", stamps=True, pace_s=0.005), stream=True)
    chunks, _ = dechunk(seen.body)
    deltas = [sse.parse(chunk)[0].json["choices"][0]["delta"] for chunk in chunks[:-1]]
    stamps = [tuple(map(int, delta["content"].split(":"))) for delta in deltas if delta.get("content")]
    assert [sequence for sequence, _ in stamps] == [0, 1, 2]
    for (_, at), (sent, _) in zip(stamps, attempt.sent[1:4], strict=True):
        assert 0 <= sent - at < 50_000_000


def test_a_stamp_in_json(wire, loop):
    seen, attempt = play(wire, loop, reply.chat("a", "b", stamps=True))
    sequence, at = map(int, json.loads(seen.body)["choices"][0]["message"]["content"].split(":"))
    assert sequence == 0
    assert attempt.received_ns <= at <= attempt.ended_ns


# Large bodies.


def test_a_slow_reader_holds_up_the_writer(wire, loop):
    body = bytes(range(256)) * 4096 * 16  # 16 MiB, more than the kernel's buffers hold

    async def act(upstream):
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port, limit=1024)
        writer.write(wire.request(wire.marked(), headers={"connection": "close"}))
        await reader.readuntil(b"\r\n\r\n")
        held = await upstream.journal.wait(MARKER, timeout_s=0.05)
        received = 0
        while part := await reader.read(1 << 20):
            received += len(part)
        writer.close()
        return held[0], received, (await upstream.journal.wait(MARKER, timeout_s=5))[0]

    held, received, attempt = play(wire, loop, reply.raw(200, body, "application/octet-stream"), act)
    assert held.ended == ""
    assert sum(size for _, size in held.sent) < len(body)
    assert received == sum(size for _, size in attempt.sent) == len(body)
    assert attempt.ended == "answered"
