"""The event-stream parser, on bytes that are cut in every way."""

from __future__ import annotations

import itertools

import pytest

from hopcheck_contracts.sse import DONE, Event, EventParser, encode, event_of, parse

STREAM = (
    b"\xef\xbb\xbf: hello\n\n"
    b'data: {"a":"\xc3\xa9\xf0\x9f\x98\x80"}\n\n'
    b"event: note\r\nid: 7\r\ndata:one\r\ndata: two\r\ndata:  three\r\n\r\n"
    b"data\rretry: 5\r\r"
    b"\n\n\r\n"
    b"data: [DONE]\n\n"
    b"data: left over\n"
)
EVENTS = [
    (None, None, None, ("hello",)),
    ('{"a":"é😀"}', None, None, ()),
    ("one\ntwo\n three", "note", "7", ()),
    ("", None, None, ()),
    ("[DONE]", None, None, ()),
]


def read(parts) -> tuple[list[Event], bytes]:
    parser = EventParser()
    return [event for part in parts for event in parser.feed(part)], parser.rest


def read_back(events: list[Event]):
    return [(event.data, event.event, event.id, event.comments) for event in events]


def test_a_whole_stream_is_read_by_the_standard() -> None:
    events, rest = read([STREAM])
    assert read_back(events) == EVENTS
    assert rest == b"data: left over\n"
    assert events[0].raw == b": hello\n\n"
    assert events[2].raw.count(b"\r\n") == 6
    assert [event.is_done for event in events] == [False, False, False, False, True]
    assert parse(STREAM) == events


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_pieces_of_every_size_give_the_same_events(size: int) -> None:
    cut = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    events, rest = read(cut)
    assert read_back(events) == EVENTS
    assert rest == b"data: left over\n"


def test_two_cuts_anywhere_give_the_same_events() -> None:
    for first, second in itertools.combinations(range(len(STREAM) + 1), 2):
        events, rest = read([STREAM[:first], STREAM[first:second], b"", STREAM[second:]])
        assert read_back(events) == EVENTS, (first, second)
        assert rest == b"data: left over\n", (first, second)


def test_raw_bytes_are_kept_across_cuts_except_a_last_line_feed() -> None:
    block = b"id: 1\r\ndata: x\r\n\r\n"
    for cut in range(1, len(block)):
        ((event,), rest) = read([block[:cut], block[cut:]])
        assert event.raw == (block[:-1] if cut == len(block) - 1 else block)
        assert rest == b""


def test_an_event_is_there_with_the_byte_that_ends_it() -> None:
    parser = EventParser()
    assert parser.feed(b"data: x\r\n\r") != []
    assert parser.feed(b"\n") == []
    assert parser.feed(b"data: y\n") == []
    assert [event.data for event in parser.feed(b"\n")] == ["y"]


@pytest.mark.parametrize("data", ["", "one", "one\ntwo", "\n", " leads", 'é "quoted"'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_what_is_encoded_is_read_again(data: str, line_end: str) -> None:
    (event,) = parse(encode(data, line_end=line_end))
    assert event.data == data


def test_an_event_of_a_payload() -> None:
    assert event_of({"a": "é"}).raw == 'data: {"a":"é"}\n\n'.encode()
    assert (DONE.data, DONE.is_done, DONE.json) == ("[DONE]", True, None)


@pytest.mark.parametrize(
    ("data", "value"), [("{}", {}), ("null", None), ("no", None), ("[" * 100_000, None), ("1" * 5_000, None)]
)
def test_data_that_is_no_json_is_none(data: str, value: object) -> None:
    assert Event(b"", data).json == value


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert parse(b"data: \xff\xfe\n\n")[0].data == "\ufffd\ufffd"
