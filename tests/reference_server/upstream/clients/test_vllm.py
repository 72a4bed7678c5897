"""OpenAI's client, which is vLLM's too, as a client of the upstream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from marker_text import MARKER, UNSCRIPTED

from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

PROVIDER = "upstream/vllm"
MESSAGES = [{"role": "user", "content": MARKER}]
USAGE = {"prompt_tokens": 131, "completion_tokens": 37, "total_tokens": 168}
CALLS = (reply.call("look_up", '{"q":', '"x"}'), reply.call("look_up", '{"q":"y"}', id="call_2"))


def asking(ask: Callable[[openai.AsyncOpenAI], Awaitable[Any]]) -> Callable[[str], Awaitable[Any]]:
    """Ask with a client of its own."""

    async def act(root: str) -> Any:
        async with openai.AsyncOpenAI(base_url=f"{root}/vllm/v1", api_key="k-1", max_retries=0) as client:
            return await ask(client)

    return act


async def whole(client: openai.AsyncOpenAI) -> Any:
    return await client.chat.completions.create(model="m", messages=MESSAGES)


async def streamed(client: openai.AsyncOpenAI) -> list[Any]:
    options = {"include_usage": True}
    stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True, stream_options=options)
    return [chunk async for chunk in stream]


def test_text(with_client) -> None:
    answer, (attempt,) = with_client(PROVIDER, reply.chat("Hel", "lo", usage=USAGE), asking(whole))
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason, choice.stop_reason) == ("Hello", "stop", None)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (131, 37)
    assert (attempt.model, attempt.key) == ("m", "k-1")


def test_reasoning(with_client) -> None:
    turn = reply.chat("Well", reasoning=("Let me", " see"))
    answer, _ = with_client(PROVIDER, turn, asking(whole))
    assert (answer.choices[0].message.reasoning, answer.choices[0].message.content) == ("Let me see", "Well")
    chunks, _ = with_client(PROVIDER, turn, asking(streamed))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert [delta.reasoning for delta in deltas if hasattr(delta, "reasoning")] == ["Let me", " see"]


def test_calls_in_a_stream(with_client) -> None:
    chunks, _ = with_client(PROVIDER, reply.chat(tools=CALLS, usage=USAGE), asking(streamed))
    deltas = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    arguments = {place: "".join(one.function.arguments for one in deltas if one.index == place) for place in (0, 1)}
    assert arguments == {0: '{"q":"x"}', 1: '{"q":"y"}'}
    last = [chunk.choices[0] for chunk in chunks if chunk.choices][-1]
    assert (last.finish_reason, last.stop_reason) == ("tool_calls", None)
    assert chunks[-1].usage.total_tokens == 168


@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (400, "BadRequestError", openai.BadRequestError),
        (401, "AuthenticationError", openai.AuthenticationError),
        (403, "PermissionDeniedError", openai.PermissionDeniedError),
        (404, "NotFoundError", openai.NotFoundError),
        (413, "BadRequestError", openai.APIStatusError),
        (429, "RateLimitError", openai.RateLimitError),
        (500, "InternalServerError", openai.InternalServerError),
        (503, "ServiceUnavailableError", openai.InternalServerError),
    ],
)
def test_errors(with_client, status: int, word: str, error: type[openai.APIStatusError]) -> None:
    async def failing(client: openai.AsyncOpenAI) -> openai.APIStatusError:
        with pytest.raises(error) as caught:
            await whole(client)
        return caught.value

    seen, _ = with_client(PROVIDER, reply.status(status, {"message": "No."}), asking(failing))
    assert seen.body == {"message": "No.", "type": word, "param": None, "code": status}


def test_an_error_in_a_stream(with_client) -> None:
    async def failing(client: openai.AsyncOpenAI) -> openai.APIError:
        with pytest.raises(openai.APIError) as caught:
            await streamed(client)
        return caught.value

    turn = reply.chat("Hel", "lo", failure=reply.error_story(500, {"message": "The engine stopped."}))
    seen, (attempt,) = with_client(PROVIDER, turn, asking(failing))
    assert seen.body == {"message": "The engine stopped.", "type": "InternalServerError", "param": None, "code": 500}
    assert attempt.response.body.endswith(b"data: [DONE]\n\n")


def test_the_default_answer_has_its_own_id(with_client) -> None:
    async def ask(client: openai.AsyncOpenAI) -> Any:
        return await client.chat.completions.create(model="m", messages=[{"role": "user", "content": UNSCRIPTED}])

    answer, _ = with_client(PROVIDER, Turn(), asking(ask))
    assert answer.id.endswith(answer.choices[0].message.content.split()[-1])


def test_embeddings_and_models(with_client) -> None:
    async def ask(client: openai.AsyncOpenAI) -> tuple[Any, Any]:
        vectors = await client.embeddings.create(model="m", input=["one", "two"], encoding_format="float")
        return vectors, await client.models.list()

    (vectors, models), _ = with_client(PROVIDER, Turn(), asking(ask))
    assert [one.index for one in vectors.data] == [0, 1]
    assert "fake-model" in {one.id for one in models.data}


def test_a_model_that_is_not_there(with_client) -> None:
    async def failing(client: openai.AsyncOpenAI) -> openai.NotFoundError:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="hopcheck-no-such-model", messages=MESSAGES)
        return caught.value

    seen, _ = with_client(PROVIDER, Turn(), asking(failing))
    assert (seen.body["type"], seen.body["code"]) == ("NotFoundError", 404)
