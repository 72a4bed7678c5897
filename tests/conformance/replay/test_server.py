"""The replay server says what was recorded, frame by frame, at its times, and ends as it ended."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from asking import Received, ask, by_name, open_to, port_of, send
from cassette_samples import MADE, answered, listing, streamed, unanswered

from hopcheck.cassettes import Cassette, Interaction
from hopcheck.replay import CHUNKINGS, ReplayServer, scale_of
from hopcheck.replay.streams.chunking import pieces_of
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.wire.client import Broken

CASE = "stream.done-once"
STREAM = streamed(CASE, "n0", ("Grü", "ße"), gap_us=3000)


def serve(*interactions: Interaction, **options) -> ReplayServer:
    options = {"scale": lambda case: 0.0, **options}
    return ReplayServer(by_name(Cassette(CASE, MADE, interactions)), **options)


def came_of(*interactions: Interaction, key: str = "", asked: Interaction | None = None, **options) -> Received:
    async def run() -> Received:
        async with await serve(*interactions, **options).start() as server:
            return await ask(server, asked or interactions[0], key)

    return asyncio.run(run())


def test_chunks_come_as_they_were_recorded() -> None:
    came = came_of(STREAM)
    assert (came.status, came.ended) == (200, "complete")
    assert [data for _, data in came.pieces] == STREAM.pieces
    assert ("content-type", "text/event-stream; charset=utf-8") in came.headers


@pytest.mark.parametrize("chunks", CHUNKINGS)
def test_chunks_come_as_they_are_to_be_cut(chunks) -> None:
    came = came_of(STREAM, chunks=chunks)
    assert [data for _, data in came.pieces] == [piece.data for piece in pieces_of(STREAM, chunks)]


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_no_chunk_comes_before_its_time(scale) -> None:
    came = came_of(STREAM, scale=lambda case: scale)
    early = [
        (at_ns - came.sent_ns) / 1000 - scale * frame.at_us
        for (at_ns, _), frame in zip(came.pieces, STREAM.delivery.frames, strict=True)
    ]
    assert min(early) > -1000  # of two clocks' readings, and an event loop that keeps whole milliseconds


def test_an_answer_in_one_piece_has_its_length() -> None:
    one = answered(CASE, "n0", "Grüße")
    came = came_of(one)
    assert one.response is not None
    assert came.body == one.response.body
    assert ("content-length", str(len(one.response.body))) in came.headers


def test_a_redacted_secret_is_replaced_and_counted() -> None:
    came = came_of(answered(CASE, "n0", "your key [redacted]"), secret="sk-a-key-that-is-longer")
    assert came.ended == "complete"
    assert b"your key sk-a-key-that-is-longer" in came.body


@pytest.mark.parametrize("ended", ["cut", "reset"])
def test_a_cut_comes_after_the_same_chunk(ended) -> None:
    broken = replace(STREAM, delivery=replace(STREAM.delivery, ended=ended))
    came = came_of(broken)
    assert came.ended == ended
    assert [data for _, data in came.pieces] == STREAM.pieces


@pytest.mark.parametrize("ended", ["cut", "reset"])
def test_a_response_without_a_head_ends_without_one(ended) -> None:
    silent = unanswered(CASE, "n0")
    came = came_of(replace(silent, delivery=replace(silent.delivery, ended=ended, ended_us=0)))
    assert (came.status, came.ended) == (None, ended)


def test_until_close_ends_with_the_connection() -> None:
    one = answered(CASE, "n0", "x")
    assert one.response is not None
    response = replace(one.response, headers=(("content-type", "application/json"),))
    came = came_of(replace(one, response=response, delivery=replace(one.delivery, framing="close")))
    assert (came.body, came.ended) == (response.body, "complete")
    assert ("connection", "close") in came.headers


def test_an_unrecorded_request_gets_an_error_that_says_so() -> None:
    misses: list[str] = []
    came = came_of(STREAM, asked=answered(CASE, "n7", "x"), on_miss=misses.append)
    error = json.loads(came.body)["error"]
    assert (came.status, error["type"], error["code"]) == (501, "missing_recording", "missing_recording")
    assert set(error) == {"message", "type", "param", "code"}
    assert "$.messages[0].content is" in error["message"]
    assert [miss in error["message"] for miss in misses] == [True]


def test_another_key_than_litellms_is_refused_and_noted() -> None:
    async def run() -> tuple[int | None, int | None, list[str]]:
        async with await serve(STREAM, key="sk-right").start() as server:
            wrong = await ask(server, STREAM, "sk-wrong")
            right = await ask(server, STREAM, "sk-right")
            return wrong.status, right.status, server.missed

    wrong, right, missed = asyncio.run(run())
    assert (wrong, right) == (401, 200)
    assert len(missed) == 1
    assert "sk-wrong" not in missed[0]


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/readiness", "/v1/models", "/model/info"])
def test_health_checks_and_model_lists_are_answered(path) -> None:
    asked = replace(listing(), request=replace(listing().request, uri=f"http://127.0.0.1:4000{path}"))
    came = came_of(STREAM, asked=asked)
    assert came.status == 200
    assert ("fake-model" in came.body.decode()) == path.startswith(("/v1/models", "/model/info"))


def test_a_recorded_list_comes_before_an_invented_one() -> None:
    assert b"1677610602" in came_of(STREAM, listing(), asked=listing()).body


def test_the_journal_holds_the_proxys_requests() -> None:
    async def run():
        async with await serve(STREAM, answered(CASE, "n1", "x")).start() as server:
            control = RemoteControl(server.url)
            await ask(server, STREAM)
            await ask(server, STREAM)
            own = server.journal.requests(STREAM.request.marker)
            seen = await control.attempts(STREAM.request.marker)
            opened = await control.opened()
            await control.forget(STREAM.request.marker)
            left = await control.attempts(STREAM.request.marker)
            await control.aclose()
            return own, seen, opened, left

    own, seen, opened, left = asyncio.run(run())
    assert [(one.number, one.method, one.path, one.ended) for one in own] == [
        (1, "POST", "/v1/chat/completions", "answered"),
        (2, "POST", "/v1/chat/completions", "answered"),
    ]
    assert own[0].body == STREAM.request.body
    assert len(own[0].sent) == len(STREAM.pieces)
    assert len(seen) == 1  # the recorded one reached no provider on this cassette; the second is on no cassette
    assert opened >= 2
    assert left == []


def test_hang_ups_are_noted_and_open_exchanges_are_ended() -> None:
    held = replace(STREAM, delivery=replace(STREAM.delivery, ended="left"))

    async def run() -> tuple[str, str]:
        hung_up = asyncio.Event()
        async with await serve(held, held, on_end=lambda played: hung_up.set()).start() as server:
            marker = held.request.marker
            connection = await open_to(server)
            await send(connection, held)
            await connection.head(5)
            connection.abort()
            await asyncio.wait_for(hung_up.wait(), 5)
            ended = server.journal.requests(marker)[0].ended
            stays = await open_to(server)
            await send(stays, held)
            await stays.head(5)
            server.forget(marker)
            try:
                async for _ in stays.chunks(5):
                    pass
            except Broken as broken:
                return ended, broken.ended
            return ended, "complete"

    assert asyncio.run(run()) == ("hung-up", "cut")


def test_a_port_that_is_taken_is_an_error() -> None:
    async def run() -> None:
        async with await serve(STREAM).start() as server:
            with pytest.raises(OSError, match="in use"):
                await serve(STREAM).start(port=port_of(server))

    asyncio.run(run())


def test_the_timing_option_is_parsed() -> None:
    assert [scale_of(how) for how in ("recorded", "instant", "scaled:2", "scaled:0.5")] == [1.0, 0.0, 2.0, 0.5]
    for how in ("fast", "scaled", "scaled:x", "scaled:-1", "scaled:inf", "recorded:1"):
        with pytest.raises(ValueError, match="timing is recorded, instant or scaled"):
            scale_of(how)


def test_an_empty_body_has_no_frames() -> None:
    empty = replace(STREAM, response=replace(STREAM.response, body=b""), delivery=replace(STREAM.delivery, frames=()))
    assert (came_of(empty).body, came_of(empty).ended) == (b"", "complete")
