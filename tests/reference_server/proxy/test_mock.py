"""Mock mode: no upstream, and the wire format of one."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic
from openai import OpenAI
from raw_upstream import CHAT, KEY, STREAM

PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def mock(shared_start: Any) -> httpx2.Client:
    client: httpx2.Client = shared_start(llm_mode="mock", mock_delay_s=0.01, default_embedding_model="emb")
    return client


@pytest.fixture
def sdk(mock: httpx2.Client) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=str(mock.base_url.join("/v1")), max_retries=0) as client:
        yield client


def test_chat(mock: httpx2.Client) -> None:
    found = mock.post(PATH, json=CHAT).json()
    assert found["object"] == "chat.completion"
    assert found["model"] == "m"
    assert found["choices"][0]["finish_reason"] == "stop"
    assert found["choices"][0]["message"]["role"] == "assistant"
    assert found["usage"]["total_tokens"] == found["usage"]["prompt_tokens"] + found["usage"]["completion_tokens"]
    assert found["id"] != mock.post(PATH, json=CHAT).json()["id"]


def test_stream(mock: httpx2.Client) -> None:
    with mock.stream("POST", PATH, json={**STREAM, "stream_options": {"include_usage": True}}) as answer:
        blocks = list(answer.iter_raw())
    assert len(blocks) == 4
    pieces = [piece + b"\n\n" for piece in b"".join(blocks).split(b"\n\n")[:-1]]
    assert all(piece.startswith(b"data: ") for piece in pieces)
    assert pieces[-1] == b"data: [DONE]\n\n"
    events = [json.loads(piece[6:]) for piece in pieces[:-1]]
    assert len({(event["id"], event["created"], event["model"]) for event in events}) == 1
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    words = [event["choices"][0]["delta"].get("content", "") for event in events[:-1]]
    assert words == ["", "Mock", " LLM", " streaming", " response", ""]
    assert [event["choices"][0]["finish_reason"] for event in events[:-1]] == [None] * 5 + ["stop"]
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == 4
    assert all(event["usage"] is None for event in events[:-1])


def test_stream_without_usage(mock: httpx2.Client) -> None:
    assert "usage" not in mock.post(PATH, json=STREAM).text


def test_the_sdk_reads_all_of_it(sdk: OpenAI) -> None:
    messages: Any = CHAT["messages"]
    stream = sdk.chat.completions.create(model="m", messages=messages, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Mock LLM streaming response"
    assert [model.id for model in sdk.models.list()] == ["gpt-4o-mini", "emb"]
    assert sdk.models.retrieve("emb").id == "emb"
    vectors = sdk.embeddings.create(model="emb", input=["a", "b"]).data
    assert [len(vector.embedding) for vector in vectors] == [8, 8]


def test_anthropics_sdk_reads_messages(mock: httpx2.Client) -> None:
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hello you"}]}
    with Anthropic(api_key=KEY, base_url=str(mock.base_url), max_retries=0) as client:
        message = client.messages.create(max_tokens=9, **asked)
        assert (message.content[0].text, message.usage.input_tokens) == ("Mock LLM response", 2)
        with client.messages.stream(max_tokens=9, **asked) as stream:
            assert stream.get_final_text() == "Mock LLM streaming response"
        assert client.messages.count_tokens(**asked).input_tokens == 2


def test_the_sdk_reads_responses(sdk: OpenAI) -> None:
    assert sdk.responses.create(model="m", input="hello").output_text == "Mock LLM response"
    with sdk.responses.stream(model="m", input=[{"role": "user", "content": "hello you"}]) as stream:
        response = stream.get_final_response()
    assert (response.output_text, response.usage and response.usage.input_tokens) == ("Mock LLM streaming response", 2)


def test_embeddings(mock: httpx2.Client) -> None:
    def ask(**body: Any) -> list[Any]:
        answer = mock.post("/v1/embeddings", json=body).json()
        assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
        return [item["embedding"] for item in answer["data"]]

    floats = ask(input=["a", "b", "a"], dimensions=3.0)
    assert floats[0] == floats[2] != floats[1]
    text = ask(input="a", dimensions=3, encoding_format="base64")[0]
    assert list(struct.unpack("<3f", base64.b64decode(text))) == floats[0]
    assert len(ask(input=[1, 2, 3])) == 1
    assert len(ask(input=[[1, 2], [3]])) == 2


@pytest.mark.parametrize("dimensions", [0, -1, "3", 1.5, True, 10**15])
def test_vectors_of_a_length_that_cannot_be(mock: httpx2.Client, dimensions: Any) -> None:
    answer = mock.post("/v1/embeddings", json={"model": "m", "input": ["a", "b"], "dimensions": dimensions})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "dimensions"


@pytest.mark.parametrize("item", [1.5, None, {"a": 1}])
def test_odd_inputs_are_counted_as_nothing(mock: httpx2.Client, item: Any) -> None:
    answer = mock.post("/v1/embeddings", json={"model": "m", "input": [item]})
    assert answer.json()["usage"] == {"prompt_tokens": 0, "total_tokens": 0}
    asked = {"model": "m", "messages": [{"role": "user", "content": item}]}
    assert mock.post(PATH, json=asked).json()["usage"]["prompt_tokens"] == 0


def test_models(mock: httpx2.Client) -> None:
    assert mock.get("/v1/models").json()["data"][0]["id"] == "gpt-4o-mini"
    assert mock.get("/v1/models/nope").status_code == 404
    assert mock.get("/v1/llm/models").json()[0]["provider"] == "mock"
    assert mock.get("/health/ready").json()["mode"] == "mock"
