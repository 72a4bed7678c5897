"""Usage in a stream: there when it was asked for, and where OpenAI's clients look for it."""

from __future__ import annotations

import json

import httpx2
from raw_upstream import DONE, ROLE, STOP, STREAM, RawUpstream, chunk, data_of, streams

PATH = "/v1/chat/completions"
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def usage_chunk(choices: list[object]) -> bytes:
    return chunk(choices=choices, usage=USAGE)


def test_usage_nobody_asked_for_is_left_out(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(ROLE, STOP, usage_chunk([]), DONE)
    assert litellm.post(PATH, json=STREAM).content == ROLE + STOP + DONE


def test_usage_on_a_chunk_with_content_is_kept(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    last = chunk({"content": "x"}, "stop", usage=USAGE)
    upstream.script = streams(ROLE, last, DONE)
    assert litellm.post(PATH, json=STREAM).content == ROLE + last + DONE


def test_litellms_usage_chunk_gets_empty_choices(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = streams(ROLE, STOP, usage_chunk([{"index": 0, "delta": {}}]), DONE)
    body = litellm.post(PATH, json={**STREAM, "stream_options": {"include_usage": True}}).text
    last = json.loads(data_of(body)[-2])
    assert last["choices"] == []
    assert last["usage"] == USAGE
