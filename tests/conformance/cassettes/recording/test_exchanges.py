"""What a tee noted is read right, however it was read from the sockets."""

from __future__ import annotations

import pytest

from hopcheck.cassettes.recording.exchanges import ConnectionReader, RecordedExchange
from hopcheck_server.wire.pipe import PipeEvent

GET = b"GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n"
POST = b"POST /v1/x HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"3\r\nabc\r\n5;x=y\r\ndefgh\r\n1\r\ni\r\n0\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"


def read(*events: tuple[str, bytes], step: int = 0) -> list[RecordedExchange]:
    """What a connection's reader makes of it; with `step`, everything came in pieces of that size."""
    reader, now = ConnectionReader(), 0
    for who, data in events:
        side, _, what = who.partition(" ")
        pieces = [data[at : at + step] for at in range(0, len(data), step)] if step and data else [data]
        for piece in pieces:
            now += 1
            reader.feed(PipeEvent(now, "client" if side == "client" else "server", what or "data", piece))  # type: ignore[arg-type]
    return reader.exchanges


@pytest.mark.parametrize("step", [0, 1, 2, 7])
def test_frames_are_the_chunks_however_they_were_read(step: int) -> None:
    (one,) = read(("client", POST), ("server", CHUNKED + CHUNKS), step=step)
    assert [size for _, size in one.frames] == [3, 5, 1]
    assert (bytes(one.request_body), bytes(one.body), one.framing, one.ended) == (
        b"body",
        b"abcdefghi",
        "chunked",
        "complete",
    )
    assert one.began_ns <= one.asked_ns < one.head_ns <= one.frames[0][0] <= one.ended_ns


@pytest.mark.parametrize("step", [0, 1])
def test_a_body_with_a_length_is_one_frame(step: int) -> None:
    (one,) = read(("client", GET), ("server", LENGTH), step=step)
    assert ([size for _, size in one.frames], one.framing, one.ended) == ([3], "length", "complete")
    assert one.frames[0][0] == one.ended_ns


def test_a_connection_serves_one_exchange_after_another() -> None:
    first, second = read(("client", GET), ("server", LENGTH), ("client", POST), ("server", CHUNKED + CHUNKS))
    assert (first.target, second.target, first.ended, second.ended) == ("/v1/models", "/v1/x", "complete", "complete")


@pytest.mark.parametrize(
    ("answer", "last", "ended", "framing", "sizes"),
    [
        (CHUNKED + b"3\r\nabc\r\n5\r\nde", "server end", "cut", "chunked", [3, 2]),
        (CHUNKED + b"3\r\nabc\r\n", "server reset", "reset", "chunked", [3]),
        (CHUNKED + b"3\r\nabc\r\n", "client end", "left", "chunked", [3]),
        (CHUNKED + b"3\r\nabc\r\n", "client reset", "left", "chunked", [3]),
        (LENGTH[:-1], "server end", "cut", "length", [2]),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", "server end", "complete", "close", [3]),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", "server reset", "reset", "close", [3]),
        (b"what is this?\r\n\r\n", "server end", "garbled", "none", []),
        (b"", "server end", "cut", "none", []),
        (b"", "client end", "left", "none", []),
    ],
)
def test_how_an_answer_ended(answer: bytes, last: str, ended: str, framing: str, sizes: list[int]) -> None:
    (one,) = read(("client", GET), *([("server", answer)] if answer else []), (last, b""))
    assert (one.ended, one.framing, [size for _, size in one.frames]) == (ended, framing, sizes)


def test_what_comes_after_the_end_changes_nothing() -> None:
    (one,) = read(("client", GET), ("server", LENGTH), ("server", b"more"), ("client end", b""), ("server reset", b""))
    assert (one.ended, bytes(one.body)) == ("complete", b"abc")


def test_interim_answers_are_passed_over() -> None:
    (one,) = read(("client", GET), ("server", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + LENGTH))
    assert (one.status, one.reason, one.headers) == (200, "OK", [("content-length", "3")])


def test_an_answer_to_head_and_one_without_content_have_no_body() -> None:
    head = b"HEAD /v1/models HTTP/1.1\r\nhost: h\r\n\r\n"
    first, second = read(
        ("client", head),
        ("server", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"),
        ("client", GET),
        ("server", b"HTTP/1.1 204 No Content\r\n\r\n"),
    )
    assert [(one.framing, one.ended, bytes(one.body)) for one in (first, second)] == [("none", "complete", b"")] * 2


def test_trailers_are_no_headers() -> None:
    chunks = CHUNKS[:-2] + b"x-key: secret\r\n\r\n"
    (one,) = read(("client", GET), ("server", CHUNKED + chunks))
    assert one.headers == [("Transfer-Encoding", "chunked")]
    assert one.ended == "complete"


def test_while_it_goes_on_it_has_no_end() -> None:
    (one,) = read(("client", POST), ("server", CHUNKED + b"3\r\nabc\r\n"))
    assert one.ended is None


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 3_000,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 2_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
        CHUNKED + b"1;a=" + b"b" * 2_000_000,
        CHUNKED + b"1\r\na\r\n0\r\n" + b"X-A: b\r\n" * 200_000,
        CHUNKED + b"1\r\na\r\n" * 30_000,
    ],
    ids=["fields", "a field", "interim answers", "an extension", "trailers", "chunks"],
)
def test_an_answer_without_end_is_read_to_its_bound(answer: bytes) -> None:
    (one,) = read(("client", GET), ("server", answer), step=65536)
    assert one.ended == "too-large"
    assert len(one.headers) <= 2_001
    assert len(one.frames) <= 20_001
