"""An event stream gives the same events, wherever its chunks begin and end."""

from __future__ import annotations

from itertools import combinations

import pytest

from hopcheck_server.proxy.adapters.streams.sse import EventSplitter, EventTooLarge

EVENTS = [b"data: a", b"event: b\ndata: c", b": comment", b"data: d"]
STREAMS = {
    "plain": b"data: a\n\nevent: b\ndata: c\n\n: comment\n\ndata: d\n\n",
    "with further blank lines": b"data: a\n\n\nevent: b\ndata: c\n\n\n\n: comment\n\n\ndata: d\n\n\n",
    "with CRLF": b"data: a\r\n\r\nevent: b\r\ndata: c\r\n\r\n: comment\r\n\r\ndata: d\r\n\r\n",
    "with all line ends and a BOM": b"\xef\xbb\xbfdata: a\r\revent: b\ndata: c\r\n\r\n: comment\n\ndata: d\n\n",
}


def cuts(stream: bytes) -> list[list[bytes]]:
    """Every cut into three chunks."""
    return [[stream[:one], stream[one:two], stream[two:]] for one, two in combinations(range(len(stream) + 1), 2)]


@pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))
def test_chunks_make_no_difference(stream: bytes) -> None:
    for chunks in cuts(stream):
        splitter = EventSplitter()
        # Until something follows, the last CR may be half of a CRLF.
        events = [event for chunk in [*chunks, b"\n"] for event in splitter.feed(chunk)]
        assert (events, splitter.rest()) == (EVENTS, b""), chunks


def test_an_event_that_has_no_end_is_bounded() -> None:
    splitter = EventSplitter(max_event_bytes=20)
    assert splitter.feed(b"data: a\n\n") == [b"data: a"]
    with pytest.raises(EventTooLarge):
        splitter.feed(b"data: " + b"x" * 20)
