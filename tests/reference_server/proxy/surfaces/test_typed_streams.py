"""Streams of messages and of responses: relayed as they come, and never taken for complete when they aren't."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from raw_upstream import STREAM_HEAD, RawUpstream, Turn, frame, says, says_json, streams

from .typed_events import ANSWER, EVENTS, MESSAGES, RESPONSES, event, events_of, streamed

both = pytest.mark.parametrize("path", [MESSAGES, RESPONSES])


@both
def test_bytes_survive_to_the_last_event(provider: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.script = streams(*EVENTS[path], b"data: [DONE]\n\n")
    answer = provider.post(path, json=streamed(path))
    assert answer.content == b"".join(EVENTS[path])
    assert answer.headers["content-type"].startswith("text/event-stream")


@both
def test_each_event_is_there_before_the_next_is_sent(provider: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD)
        for one in EVENTS[path]:
            await turn.say(frame(one))
            await turn.upstream.permission()

    upstream.script = script
    got = []
    with provider.stream("POST", path, json=streamed(path)) as answer:
        for piece in answer.iter_raw():
            got.append(piece)
            upstream.permit()
    assert got == list(EVENTS[path])


def test_an_event_without_its_name_gets_one(provider: httpx2.Client, upstream: RawUpstream) -> None:
    nameless = [one.partition(b"\n")[2] for one in EVENTS[MESSAGES]]
    upstream.script = streams(b": hold on\r\n" + nameless[0].replace(b"\n", b"\r\n"), *nameless[1:])
    answer = provider.post(MESSAGES, json=streamed(MESSAGES))
    assert answer.content == b": hold on\n\n" + b"".join(EVENTS[MESSAGES])


@both
@pytest.mark.parametrize("ending", ["clean", "broken", "reset", "[DONE]"])
def test_a_stream_that_ends_early_ends_in_an_error(
    provider: httpx2.Client, upstream: RawUpstream, path: str, ending: str
) -> None:
    first, second = EVENTS[path][0], EVENTS[path][2 if path == MESSAGES else 1]

    async def script(turn: Turn) -> None:
        await streams(first, second, *([b"data: [DONE]\n\n"] if ending == "[DONE]" else []), end=b"")(turn)
        if ending == "reset":
            turn.reset()
        elif ending != "broken":
            await turn.say(b"0\r\n\r\n")
        turn.writer.close()

    upstream.script = script
    events = events_of(provider.post(path, json=streamed(path)).content)
    assert [one.event for one in events][-1] == "error"
    last = json.loads(events[-1].data or "")
    assert last["type"] == "error"
    assert (last.get("error") or last)["code"] == "upstream_cut"
    assert last.get("sequence_number") == (2 if path == RESPONSES else None)


def test_a_missing_terminator_after_the_stop_reason(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(*EVENTS[MESSAGES][:-1])
    events = events_of(provider.post(MESSAGES, json=streamed(MESSAGES)).content)
    assert [one.event for one in events][-2:] == ["message_delta", "error"]


@pytest.mark.parametrize(
    ("path", "given", "kind", "message"),
    [
        (MESSAGES, event("error", error={"type": "overloaded_error", "message": "busy"}), "overloaded_error", "busy"),
        (MESSAGES, b'data: {"error": {"message": "busy"}}\n\n', "api_error", "busy"),
        (MESSAGES, event("error"), "api_error", "The upstream answered with status 502."),
        (MESSAGES, b"data: {]\n\n", "api_error", "The upstream's answer could not be read."),
        (MESSAGES, b'data: {"no": "type"}\n\n', "api_error", "The upstream's answer could not be read."),
        (RESPONSES, event("error", code="c", message="busy", param=None, sequence_number=1), None, "busy"),
        (RESPONSES, b'data: {"error": {"message": "busy"}}\n\n', None, "busy"),
    ],
)
def test_an_error_within_a_stream_is_its_end(
    provider: httpx2.Client, upstream: RawUpstream, path: str, given: bytes, kind: str | None, message: str
) -> None:
    upstream.script = streams(EVENTS[path][0], given, *EVENTS[path][1:])
    events = events_of(provider.post(path, json=streamed(path)).content)
    assert len(events) == 2
    last = json.loads(events[-1].data or "")
    shown = last["error"] if path == MESSAGES else last
    assert shown["message"] == message
    assert kind is None or shown["type"] == kind
    assert path == MESSAGES or last["sequence_number"] == 1


@pytest.mark.parametrize(
    ("path", "first", "status"),
    [
        (MESSAGES, event("error", error={"type": "overloaded_error", "message": "busy"}), 529),
        (MESSAGES, event("error", error={"type": "rate_limit_error", "message": "busy"}), 429),
        (RESPONSES, event("error", code="rate_limit_exceeded", message="busy"), 429),
        (RESPONSES, event("error", code="server_error", message="busy"), 502),
    ],
)
def test_an_error_that_comes_first_has_a_status(
    provider: httpx2.Client, upstream: RawUpstream, path: str, first: bytes, status: int
) -> None:
    upstream.script = streams(first)
    answer = provider.post(path, json=streamed(path))
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == "busy"


@both
def test_json_in_place_of_a_stream_is_no_answer(provider: httpx2.Client, upstream: RawUpstream, path: str) -> None:
    upstream.script = says_json(ANSWER[path])
    answer = provider.post(path, json=streamed(path))
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_invalid_response"


@both
def test_a_client_that_leaves_ends_the_upstreams_work(
    provider: httpx2.Client, upstream: RawUpstream, path: str
) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(EVENTS[path][0]))
        await turn.until_hangup()

    upstream.script = script
    with provider.stream("POST", path, json=streamed(path)) as answer:
        assert next(answer.iter_raw()) == EVENTS[path][0]
    assert upstream.hung_up.wait(10)


@both
def test_silence_ends_in_an_error(start, upstream: RawUpstream, path: str) -> None:
    client = start(backend="openai", stream_idle_timeout_s=0.2)

    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(EVENTS[path][0]))
        await asyncio.Event().wait()

    upstream.script = script
    events = events_of(client.post(path, json=streamed(path)).content)
    assert "upstream_timeout" in str(events[-1].data)


def test_an_event_beyond_the_limit(start, upstream: RawUpstream) -> None:
    client = start(backend="openai", max_response_bytes=300)
    upstream.script = streams(EVENTS[MESSAGES][0], b"data: " + b"x" * 400)
    assert "upstream_too_large" in client.post(MESSAGES, json=streamed(MESSAGES)).text


def test_a_stream_of_another_framing(provider: httpx2.Client, upstream: RawUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    body = b"".join(EVENTS[RESPONSES])
    upstream.script = says(head % len(body) + body)
    assert provider.post(RESPONSES, json=streamed(RESPONSES)).content == body
