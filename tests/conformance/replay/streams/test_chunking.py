"""However a stream is cut, its bytes and their order stay; each way cuts where it says."""

from __future__ import annotations

import pytest
from cassette_samples import answered, streamed
from hypothesis import given, settings
from hypothesis import strategies as st

from hopcheck.replay.streams.chunking import CHUNKINGS, SINGLE_BYTES, StreamPiece, pieces_of, recut

STREAM = streamed("stream.done-once", "n0", ("Grü", "ße", "世界"))
EVENTS = 6


def recorded() -> list[StreamPiece]:
    return pieces_of(STREAM)


@pytest.mark.parametrize("chunks", CHUNKINGS)
def test_the_bytes_stay(chunks) -> None:
    assert STREAM.response is not None
    cut = pieces_of(STREAM, chunks)
    assert b"".join(piece.data for piece in cut) == STREAM.response.body
    assert [piece.at_us for piece in cut] == sorted(piece.at_us for piece in cut)
    assert all(piece.data for piece in cut)


def test_recorded_is_as_recorded() -> None:
    assert recorded() == [
        StreamPiece(frame.at_us, data) for frame, data in zip(STREAM.delivery.frames, STREAM.pieces, strict=True)
    ]


def test_per_event_is_one_event_a_chunk() -> None:
    joined = [StreamPiece(3, b"".join(piece.data for piece in recorded()))]
    assert [piece.data for piece in recut(joined, "per-event")] == [piece.data for piece in recorded()]
    halves = [StreamPiece(1, joined[0].data[:50]), StreamPiece(2, joined[0].data[50:])]
    assert [piece.at_us for piece in recut(halves, "per-event")] == [2] * EVENTS


def test_one_byte_is_a_byte_a_chunk_up_to_a_limit() -> None:
    assert {len(piece.data) for piece in pieces_of(STREAM, "one-byte")} == {1}
    long = recut(
        [StreamPiece(1, b"x" * SINGLE_BYTES), StreamPiece(2, b"y" * 100), StreamPiece(3, b"z" * 100)], "one-byte"
    )
    assert [len(piece.data) for piece in long] == [*[1] * SINGLE_BYTES, 100, 100]


def test_split_utf8_cuts_inside_characters_and_blank_lines() -> None:
    pieces = [StreamPiece(1, "data: ü世\n\n".encode())]
    assert [piece.data for piece in recut(pieces, "split-utf8")] == [b"data: \xc3", b"\xbc\xe4", b"\xb8\x96\n", b"\n"]


def test_coalesced_is_one_chunk_when_the_last_was_there() -> None:
    (piece,) = pieces_of(STREAM, "coalesced")
    assert piece.at_us == STREAM.delivery.frames[-1].at_us


def test_only_streams_are_cut() -> None:
    assert pieces_of(answered("chat.schema", "n0", "Hello"), "one-byte") == pieces_of(
        answered("chat.schema", "n0", "Hello")
    )


def test_a_secret_stands_where_one_was_taken_out() -> None:
    one = answered("chat.schema", "n0", "key [redacted]")
    assert b"key sk-canary" in pieces_of(one, secret="sk-canary")[0].data


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=8), st.sampled_from(CHUNKINGS))
@settings(max_examples=80, deadline=None)
def test_any_bytes_stay(frames, chunks) -> None:
    cut = recut([StreamPiece(at, data) for at, data in enumerate(frames)], chunks)
    assert b"".join(piece.data for piece in cut) == b"".join(frames)
    assert all(0 <= piece.at_us < len(frames) for piece in cut)
