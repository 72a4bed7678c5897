"""How much of an answer a client reads: what is beyond that ends it, with a sentence."""

from __future__ import annotations

import asyncio

import pytest

from hopcheck_server.wire.client import Broken, ClientConnection
from hopcheck_server.wire.responses import RawResponse, ReadingBudget
from hopcheck_server.wire.server import Server, ServerExchange

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BUDGET = ReadingBudget(body_bytes=200_000, pieces=300, fields=50, overhead_bytes=50_000, total_s=0.2)


async def ending_of(first: bytes, more: bytes, *, slowly: bool = False) -> Broken:
    """How the answer of a server ends that sends the second part for ever."""

    async def serve(exchange: ServerExchange) -> None:
        await exchange.raw(first)
        while True:
            await exchange.raw(more)
            await asyncio.sleep(0.01 if slowly else 0)

    async with await Server(serve).start() as server:
        connection = await ClientConnection.open("127.0.0.1", server.port)
        connection.budget = BUDGET
        await connection.send("GET", "/", [("host", "h")])
        with pytest.raises(Broken) as broken:
            await read(connection)
        assert not connection.reusable
        connection.abort()
        return broken.value


async def read(connection: ClientConnection) -> None:
    await connection.head(30)
    async for _ in connection.chunks(30):
        pass


@pytest.mark.parametrize(
    ("first", "more", "sentence"),
    [
        (CHUNKED, b"fff\r\n" + b"x" * 0xFFF + b"\r\n", "exceeded 0.190735 MiB"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096, "exceeded 0.190735 MiB"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 10, "more than 50 header fields"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 4096, "heads, chunk extensions or trailers"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "heads, chunk extensions or trailers"),
        (CHUNKED + b"5;a=", b"b" * 4096, "heads, chunk extensions or trailers"),
        (CHUNKED + b"0\r\nX-A: ", b"a" * 4096, "heads, chunk extensions or trailers"),
    ],
)
def test_the_sentence_says_which_bound_was_exceeded(first: bytes, more: bytes, sentence: str) -> None:
    broken = asyncio.run(ending_of(first, more))
    assert broken.ended == "too-large"
    assert sentence in str(broken)


def read_of(*reads: bytes) -> RawResponse:
    """What is kept of a response that comes in these reads."""
    connection = ClientConnection()
    connection.budget = BUDGET
    answer = connection._answer = RawResponse(bodiless=False)
    for data in reads:
        connection.data_received(data)
    return answer


@pytest.mark.parametrize(("chunks", "pieces"), [(300, [b"x"] * 300), (301, [b"x" * 301])])
def test_chunks_of_one_read_stay_apart_up_to_their_bound(chunks: int, pieces: list[bytes]) -> None:
    answer = read_of(CHUNKED + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n")
    assert ([data for _, data in answer.body], answer.complete) == (pieces, True)


def test_fields_beyond_the_bound_are_not_kept() -> None:
    answer = read_of(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5_000)
    assert (answer.ended, len(answer.head.headers)) == ("too-large", BUDGET.fields)


@pytest.mark.parametrize(("reads", "ended"), [(300, None), (301, "too-large")])
def test_a_body_may_come_in_so_many_reads(reads: int, ended: str | None) -> None:
    answer = read_of(CHUNKED, *[b"2\r\nxx\r\n"] * reads)
    assert answer.ended == ended
    assert ("more than 300 pieces" in answer.detail) == (ended is not None)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
)
def test_an_answer_that_drips_ends_in_its_time(first: bytes, more: bytes) -> None:
    broken = asyncio.run(ending_of(first, more, slowly=True))
    assert (broken.ended, broken.args[0]) == ("timeout", "timeout: the response had not ended after 0.2 s")
