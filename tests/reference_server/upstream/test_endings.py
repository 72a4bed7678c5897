"""When an answer's bytes leave, and how it ends, on a real socket and on both event loops."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from hopcheck_contracts import sse
from hopcheck_server.upstream.script import reply
from hopcheck_server.wire.client import Broken

BODY = '{"text": "Ærøskøbing 🜁"}'.encode()
MARKER = "hopcheck:a.b~~chat:1"

# Times. Sleeps of the upstream's: what is asserted is the journal's order and lower bounds, which hold on any machine.

EARLY_NS = 2_000_000  # a tick of the loop's clock, and one of the clock's rounding


def test_delays(wire, loop):
    scripted = reply.chat("Hel", "lo", delay_s=0.03, first_event_delay_s=0.04, pace_s=0.02)
    _, attempt = wire.play(scripted, stream=True, loop=loop)
    assert attempt.head_sent_ns - attempt.received_ns >= 30_000_000 - EARLY_NS
    for place, (at, _) in enumerate(attempt.sent):
        assert at - attempt.received_ns >= 70_000_000 + place * 20_000_000 - EARLY_NS


def test_a_late_event_does_not_delay_the_next(wire, loop):
    """What is overdue leaves at once: before a timer set when the loop goes on, not one pace after another."""

    async def act(upstream):
        later = []
        task = asyncio.create_task(wire.ask(upstream, wire.marked(stream=True)))
        await upstream.journal.wait(MARKER, ended=False, timeout_s=5)
        time.sleep(0.25)  # noqa: ASYNC251 - the loop is held up on purpose
        asyncio.get_running_loop().call_later(0.1, lambda: later.append(time.monotonic_ns()))
        await task
        await asyncio.sleep(0.1)
        return later[0], upstream.journal.attempts(MARKER)[0]

    later, attempt = wire.play(reply.chat(*"abcdefghij", pace_s=0.02), act, loop=loop)
    assert [at for at, _ in attempt.sent if at > later] == []


# Ends.


@pytest.mark.parametrize("cut", ["close", "reset"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_at_an_offset(wire, loop, cut, stream):
    seen, attempt = wire.play(reply.chat("Hello", cut=cut, cut_at=30), stream=stream, loop=loop)
    assert seen.ended == {"close": "eof", "reset": "reset"}[cut]
    assert attempt.ended == "cut"
    if stream:
        assert wire.dechunk(seen.body)[0][0].startswith(b'data: {"id":')
        assert not wire.dechunk(seen.body)[1]
    else:
        length = int(seen.head.partition(b"content-length: ")[2].split()[0])
        assert (len(seen.body), length > 100) == (30, True)


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_a_cut_after_the_headers(wire, loop, cut):
    seen, attempt = wire.play(reply.chat("Hello", cut=cut, cut_at=0), loop=loop)
    assert seen.head.startswith(b"HTTP/1.1 200 OK")
    assert (seen.body, attempt.ended, attempt.sent) == (b"", "cut", [])
    assert attempt.head_sent_ns > 0


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_a_cut_before_the_headers(wire, loop, cut):
    seen, attempt = wire.play(reply.chat("Hello", cut=cut, cut_at=-1), loop=loop)
    assert seen.data == b""
    assert (seen.ended, attempt.ended) == ({"close": "eof", "reset": "reset"}[cut], "cut")
    assert attempt.head_sent_ns == 0


def test_a_cut_after_some_events(wire, loop):
    seen, attempt = wire.play(reply.chat("Hel", "lo", cut_after_events=2), stream=True, loop=loop)
    chunks, complete = wire.dechunk(seen.body)
    assert ([len(sse.parse(chunk)) for chunk in chunks], complete) == ([1, 1], False)
    assert len(attempt.sent) == 2


def test_a_cut_compressed_body_claims_more(wire, loop):
    seen, _ = wire.play(reply.raw(200, BODY, "application/json", gzip=True, cut_at=len(BODY)), loop=loop)
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

    hanging, ended, released = wire.play(reply.hang(where, after=after), act, loop=loop)
    assert (hanging.ended, len(hanging.sent)) == ("", events or 0)
    assert (hanging.head_sent_ns > 0) == (events is not None)
    assert ended in ("cut", "reset")
    assert released.ended == "released"
    assert released.ended_ns >= hanging.received_ns


def test_the_connection_closes_after_a_response_with_close(wire, loop):
    async def act(upstream):
        return await wire.raw(upstream, wire.request(wire.marked()))

    seen = wire.play(reply.chat("x", close=True), act, loop=loop)
    assert (seen.ended, b"connection: close" in seen.head) == ("eof", True)
    assert json.loads(seen.body)


# Stamps.


def test_stamps_say_sequence_and_time_of_sending(wire, loop):
    seen, attempt = wire.play(reply.chat("a", "b", "c", stamps=True, pace_s=0.005), stream=True, loop=loop)
    chunks, _ = wire.dechunk(seen.body)
    deltas = [sse.parse(chunk)[0].json["choices"][0]["delta"] for chunk in chunks[:-1]]
    stamps = [delta["content"].split(":") for delta in deltas if delta.get("content")]
    assert [sequence for sequence, _, _ in stamps] == ["0", "1", "2"]
    assert {nonce for _, _, nonce in stamps} == {"1"}
    for (_, at, _), (sent, _) in zip(stamps, attempt.sent[1:4], strict=True):
        assert 0 <= sent - int(at) < 50_000_000


def test_a_stamp_in_json(wire, loop):
    seen, attempt = wire.play(reply.chat("a", "b", stamps=True), loop=loop)
    sequence, at, nonce = json.loads(seen.body)["choices"][0]["message"]["content"].split(":")
    assert (sequence, nonce) == ("0", "1")
    assert attempt.received_ns <= int(at) <= attempt.ended_ns


def test_whole_texts_of_a_stream_hold_the_stamps_of_its_deltas(wire, loop):
    asked = {"model": "m", "input": MARKER, "stream": True}
    turn = reply.chat("a", "b", stamps=True)
    got = wire.play(turn, lambda upstream: wire.ask(upstream, asked, path="/v1/responses"), loop=loop)
    events = [event.json for event in sse.parse(got.body)]
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    (done,) = [event for event in events if event["type"] == "response.output_text.done"]
    assert done["text"] == deltas
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == deltas


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

    held, received, attempt = wire.play(reply.raw(200, body, "application/octet-stream"), act, loop=loop)
    assert held.ended == ""
    assert sum(size for _, size in held.sent) < len(body)
    assert received == sum(size for _, size in attempt.sent) == len(body)
    assert attempt.ended == "answered"
