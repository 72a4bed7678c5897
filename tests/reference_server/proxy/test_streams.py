"""Streams: relayed as they come, and never taken for complete when they aren't."""

from __future__ import annotations

import gzip
import json

import httpx2
import pytest
from raw_upstream import (
    CHAT,
    COMPLETION,
    DONE,
    HELLO,
    ROLE,
    STOP,
    STREAM,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    chunk,
    data_of,
    frame,
    response,
    says,
    says_json,
    streams,
)

PATH = "/v1/chat/completions"


def error_of(text: str) -> dict[str, object]:
    return dict(json.loads(data_of(text)[-1])["error"])


def ends_in_error(text: str) -> bool:
    return "error" in json.loads(data_of(text)[-1]) and "[DONE]" not in text


def test_bytes_survive(provider: httpx2.Client, upstream: RawUpstream) -> None:
    odd = b'data: {"big":12345678901234567890,"f":1.1e0,"choices":[{"index":0,"delta":{"content":"\\u00e9"}}]}\n\n'
    upstream.script = streams(ROLE, odd, STOP, DONE)
    with provider.stream("POST", PATH, json=STREAM) as answer:
        assert b"".join(answer.iter_raw()) == ROLE + odd + STOP + DONE
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert answer.headers["x-request-id"]


def test_each_event_is_there_before_the_next_is_sent(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD)
        for event in (ROLE, HELLO, STOP, DONE):
            await turn.say(frame(event))
            await turn.upstream.permission()

    upstream.script = script
    got = []
    with litellm.stream("POST", PATH, json=STREAM) as answer:
        # Each event is asked for only when the one before it has come through; one that is held back would end in a
        # time-out of this client.
        for piece in answer.iter_raw():
            got.append(piece)
            upstream.permit()
    assert got == [ROLE, HELLO, STOP, DONE]


@pytest.mark.parametrize(
    ("sent", "relayed"),
    [
        ([b": keep-alive\n\n", ROLE, STOP, DONE], b": keep-alive\n\n" + ROLE + STOP + DONE),
        ([(ROLE + STOP + DONE).replace(b"\n", b"\r\n")], ROLE + STOP + DONE),
        ([ROLE.replace(b"data: ", b"data:"), STOP, DONE.replace(b"data: ", b"data:")], ROLE + STOP + DONE),
        ([b"event: x\nid: 1\nretry: 5\n" + ROLE, STOP, DONE], ROLE + STOP + DONE),
        ([ROLE.replace(b', "object"', b',\ndata: "object"'), STOP, DONE], None),
        ([ROLE, b"data:\n\n", STOP, DONE], ROLE + STOP + DONE),
        ([ROLE + HELLO, STOP, DONE, DONE], ROLE + HELLO + STOP + DONE),
        ([ROLE, STOP], ROLE + STOP + DONE),
        ([ROLE, STOP, DONE.rstrip()], ROLE + STOP + DONE),
        ([b"\xef\xbb\xbf" + ROLE, STOP, DONE], ROLE + STOP + DONE),
    ],
    ids=["comment", "crlf", "no-space", "fields", "multiline", "empty-data", "two-dones", "no-done", "no-blank", "bom"],
)
def test_framing(litellm: httpx2.Client, upstream: RawUpstream, sent: list[bytes], relayed: bytes | None) -> None:
    upstream.script = streams(*sent)
    body = litellm.post(PATH, json=STREAM).content
    if relayed is None:
        assert [json.loads(data) for data in data_of(body.decode())[:1]] == [json.loads(ROLE[6:])]
        relayed = b"".join(line + b"\n\n" for line in body.split(b"\n\n") if line)
    assert body == relayed


def test_any_split_gives_the_same_bytes(provider: httpx2.Client, upstream: RawUpstream) -> None:
    smile = b'data: {"choices":[{"index":0,"delta":{"content":"\xf0\x9f\x98\x80"}}]}\n\n'
    whole = ROLE + smile + STOP + DONE
    upstream.script = streams(*(whole[at : at + 1] for at in range(len(whole))))
    assert provider.post(PATH, json=STREAM).content == whole


def test_gzip_is_taken_off(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    body = gzip.compress(ROLE + STOP + DONE)
    upstream.script = says(response(body, "200 OK", "text/event-stream", "Content-Encoding: gzip"))
    answer = litellm.post(PATH, json=STREAM)
    assert answer.content == ROLE + STOP + DONE
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "sent",
    [
        [ROLE, HELLO, DONE],
        [ROLE, HELLO],
        [ROLE, HELLO, b'data: {"error": {"message": "boom", "type": "server_error", "code": 500}}\n\n', STOP, DONE],
        [ROLE, b'data: {"choices": [{"delta"\n\n', STOP, DONE],
        [ROLE, b"data: 7\n\n", STOP, DONE],
        [ROLE, b'data: {"choices":"\xff"}\n\n', STOP, DONE],
        [ROLE, STOP, chunk({"content": "x"}, choices=[{"index": 1, "delta": {"content": "x"}}])],
    ],
    ids=["no-finish", "no-finish-no-done", "error", "half-json", "number", "not-utf8", "second-choice-open"],
)
def test_what_is_no_success_ends_in_an_error(litellm: httpx2.Client, upstream: RawUpstream, sent: list[bytes]) -> None:
    upstream.script = streams(*sent)
    answer = litellm.post(PATH, json=STREAM)
    assert answer.status_code == 200
    assert ends_in_error(answer.text)
    assert all(error_of(answer.text)[name] is not None for name in ("message", "type"))


@pytest.mark.parametrize("after", [[ROLE, HELLO], [ROLE, HELLO, STOP]], ids=["open", "finished"])
@pytest.mark.parametrize("how", ["reset", "close"])
def test_cut(litellm: httpx2.Client, upstream: RawUpstream, after: list[bytes], how: str) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + b"".join(frame(event) for event in after))
        turn.reset() if how == "reset" else turn.writer.close()

    upstream.script = script
    answer = litellm.post(PATH, json=STREAM)
    # A reset may overtake the bytes before it, the first event included: then the error has a status of its own.
    assert ends_in_error(answer.text) if answer.status_code == 200 else answer.status_code == 502


def test_stall_is_bounded(start, upstream: RawUpstream) -> None:  # type: ignore[no-untyped-def]
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(ROLE) + frame(HELLO))
        await turn.until_hangup()

    upstream.script = script
    answer = start(stream_idle_timeout_s=0.2).post(PATH, json=STREAM)
    assert ends_in_error(answer.text)
    assert error_of(answer.text)["code"] == "upstream_timeout"
    assert upstream.hung_up.wait(5)


def test_silence_after_the_finish_is_an_end(start, upstream: RawUpstream) -> None:  # type: ignore[no-untyped-def]
    async def script(turn: Turn) -> None:
        await turn.say(STREAM_HEAD + frame(ROLE) + frame(STOP))
        await turn.until_hangup()

    upstream.script = script
    assert start(stream_idle_timeout_s=0.2).post(PATH, json=STREAM).content == ROLE + STOP + DONE


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (
            [b'data: {"error": {"message": "no", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}\n\n'],
            429,
            None,
        ),
        ([b'data: {"error": {"message": "no", "code": 503}}\n\n'], 503, "503"),
        ([b'data: {"error": "no"}\n\n', DONE], 502, None),
        ([DONE], 502, "upstream_cut"),
        ([], 502, "upstream_cut"),
        ([b"data: what\n\n"], 502, "upstream_invalid_response"),
        ([b"<html>busy</html>"], 502, "upstream_cut"),
    ],
)
def test_error_before_the_first_event_has_a_status(
    litellm: httpx2.Client, upstream: RawUpstream, sent: list[bytes], status: int, code: str | None
) -> None:
    upstream.script = streams(*sent)
    answer = litellm.post(PATH, json=STREAM)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}
    assert code is None or answer.json()["error"]["code"] == code


def test_leading_chunk_without_choices_is_relayed(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    leading = chunk(choices=[], prompt_filter_results=[])
    upstream.script = streams(leading, ROLE, STOP, DONE)
    assert litellm.post(PATH, json=STREAM).content == leading + ROLE + STOP + DONE


def test_json_instead_of_a_stream_becomes_a_stream(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    body = litellm.post(PATH, json={**STREAM, "stream_options": {"include_usage": True}}).text
    events = [json.loads(data) for data in data_of(body)[:-1]]
    assert data_of(body)[-1] == "[DONE]"
    assert events[0]["choices"][0]["delta"]["content"] == "Hello"
    assert events[1]["choices"][0]["finish_reason"] == "stop"
    assert events[2]["usage"]["total_tokens"] == 2
    assert {event["object"] for event in events} == {"chat.completion.chunk"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"choices": []}', b'{"choices": [1]}', b'{"a": 1}'])
def test_unusable_json_instead_of_a_stream(litellm: httpx2.Client, upstream: RawUpstream, body: bytes) -> None:
    upstream.script = says(response(body))
    answer = litellm.post(PATH, json=STREAM)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_invalid_response"


def test_connections_are_used_again(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(ROLE, STOP, DONE)
    for _ in range(5):
        assert litellm.post(PATH, json=STREAM).content.endswith(DONE)
    upstream.script = says_json(COMPLETION)
    assert litellm.post(PATH, json=CHAT).status_code == 200
    assert upstream.connections <= 1
