"""Stamps in streams, however their bytes come."""

from __future__ import annotations

import json

import pytest

from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.stamps import quick_timeline, timeline_of
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.workloads import DELTAS
from hopcheck_load.stats.delivery import integrity

NONCE = "0000000ab"


def timeline(reads, surface="chat"):
    """Read a stream in both ways, which must agree."""
    found = timeline_of(reads, SURFACES[surface], NONCE)
    assert quick_timeline(reads, SURFACES[surface], NONCE) == found
    return found


def event(content, **choice) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": content}, **choice}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def chat_events(texts):
    yield from map(event, texts)
    yield event("", finish_reason="stop")
    yield b"data: [DONE]\n\n"


def typed(kind, **fields) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def responses_events(texts):
    part = {"type": "output_text", "text": "".join(texts)}
    item = {"type": "message", "content": [part]}
    yield typed("response.content_part.added", part={**part, "text": ""})
    yield from (typed("response.output_text.delta", delta=text) for text in texts)
    yield typed("response.output_text.done", text=part["text"])
    yield typed("response.content_part.done", part=part)
    yield typed("response.output_item.done", item=item)
    yield typed("response.completed", response={"status": "completed", "output": [item]})


def messages_events(texts):
    yield typed("content_block_start", content_block={"type": "text", "text": ""})
    yield from (typed("content_block_delta", delta={"type": "text_delta", "text": text}) for text in texts)
    yield typed("message_delta", delta={"stop_reason": "end_turn"})
    yield typed("message_stop")


EVENTS = {"chat": chat_events, "responses": responses_events, "messages": messages_events}

on_each_surface = pytest.mark.parametrize("surface", SURFACES)


def stamps(count=DELTAS, nonce=NONCE):
    return [f"{number}:{1000 + number}:{nonce}" for number in range(count)]


def counts_of(surface, events):
    reads = list(enumerate(events))
    return integrity([Record("paced", 0, "hop", 0, "", timeline=timeline(reads, surface))])


def faults_of(surface, events):
    names = ("lost", "repeated", "out_of_order", "unreadable", "foreign", "unended")
    return {name: count for name, count in counts_of(surface, events).items() if name in names and count}


@on_each_surface
def test_a_stream_that_arrives_as_it_was_sent(surface):
    assert faults_of(surface, EVENTS[surface](stamps())) == {}
    without_nonces = [stamp.rpartition(":")[0] for stamp in stamps()]  # an older upstream's
    assert faults_of(surface, EVENTS[surface](without_nonces)) == {}


@on_each_surface
def test_an_event_of_another_exchange(surface):
    """Its number is right, and it was sent in the same time: only the nonce tells."""
    crossed = [*stamps()[:7], stamps(nonce="0000000cd")[7], *stamps()[8:]]
    assert faults_of(surface, EVENTS[surface](crossed)) == {"foreign": 1}


@on_each_surface
def test_an_event_with_another_text(surface):
    assert faults_of(surface, EVENTS[surface]([*stamps()[:-1], "word"])) == {"lost": 1, "unreadable": 1}
    altered = [one.replace(":1007:", ":1007:x") for one in stamps()]
    assert faults_of(surface, EVENTS[surface](altered)) == {"foreign": 1}


@on_each_surface
def test_events_that_are_lost_repeated_or_out_of_order(surface):
    texts = stamps()
    wrong = [*texts[:2], texts[3], texts[2], texts[4], texts[4], *texts[6:]]
    assert faults_of(surface, EVENTS[surface](wrong)) == {"lost": 1, "repeated": 1, "out_of_order": 1}


@on_each_surface
def test_a_stream_without_its_end(surface):
    events = list(EVENTS[surface](stamps()))
    assert faults_of(surface, events[:-1]) == {"unended": 1}
    assert faults_of(surface, [*events, events[-1]]) == {"unended": 1}


@pytest.mark.parametrize("surface", ["chat", "messages"])
def test_a_stream_that_does_not_say_that_it_is_complete(surface):
    events = list(EVENTS[surface](stamps()))
    assert faults_of(surface, [*events[:-2], events[-1]]) == {"unended": 1}


def test_another_finish_reason():
    events = [*list(chat_events(stamps()))[:-2], event("", finish_reason="length"), b"data: [DONE]\n\n"]
    assert faults_of("chat", events) == {"unended": 1}


def test_a_whole_text_that_differs_from_its_pieces():
    texts = stamps()
    pieces, whole = list(responses_events(texts)), list(responses_events(texts[:-1]))
    assert faults_of("responses", [*pieces[:-1], whole[-1]]) == {"unreadable": 1}
    assert faults_of("responses", [*pieces[:-4], *pieces[-2:]]) == {}  # an event that isn't there says nothing wrong


def test_one_event_a_read():
    found = timeline([(10, event("0:1111")), (20, event("1:2222")), (30, b"data: [DONE]\n\n")])
    assert found.sequence == [0, 1]
    assert found.stamp_ns == [1111, 2222]
    assert found.read_ns == [10, 20]
    assert found.read == [0, 1]
    assert found.others == 0
    assert found.endings == 1


def test_an_event_is_there_when_its_last_byte_is():
    data = event("0:1111")
    found = timeline([(10, data[:9]), (20, data[9:] + event("1:2222"))])
    assert found.read_ns == [20, 20]
    assert found.read == [1, 1]


def test_events_without_content_are_skipped():
    silent = [event(""), event(None), b": ping\n\n", b'data: {"choices":[]}\n\n', b"data: [1]\n\n"]
    found = timeline([(at, data) for at, data in enumerate(silent)])
    assert (found.sequence, found.others) == ([], 0)


def test_text_without_a_stamp_is_counted():
    assert timeline([(1, event("hello")), (2, event("0:11111:22:22"))]).others == 2


def record(reads):
    return Record("paced", 0, "hop", 0, "", timeline=timeline(reads))


def test_whole_streams():
    counts = integrity([record([(at, event(f"{at}:1000")) for at in range(DELTAS)])])
    assert counts["events"] == DELTAS
    assert {counts[name] for name in ("read_together", "lost", "repeated", "out_of_order", "unreadable")} == {0}


def test_what_goes_wrong_is_counted():
    numbers = [0, 1, 3, 2, 4, 4, *range(6, DELTAS)]
    counts = integrity([record([(at, event(f"{number}:1000")) for at, number in enumerate(numbers)])])
    assert (counts["lost"], counts["repeated"], counts["out_of_order"]) == (1, 1, 1)


def test_events_read_together_are_counted():
    pairs = [(at, event(f"{at}:1000") + event(f"{at + 1}:1000")) for at in range(0, DELTAS, 2)]
    counts = integrity([record(pairs)])
    assert (counts["read_together"], counts["share_together"]) == (DELTAS, 1.0)


def test_no_streams():
    assert integrity([])["share_together"] is None
