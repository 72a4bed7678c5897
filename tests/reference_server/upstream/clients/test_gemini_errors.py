"""What Google's own client makes of errors and refusals, and what the dialect has no form for."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_client import PROVIDER, asking, streamed, whole
from google.genai import errors, types
from marker_text import MARKER

from hopcheck_server.upstream.dialects.gemini import DIALECT
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.turns import Turn

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_blocked_prompt(with_client, ask) -> None:
    got, _ = with_client(PROVIDER, reply.chat(finish="content_filter"), asking(ask))
    last = got[-1] if isinstance(got, list) else got
    assert (last.candidates, last.prompt_feedback.block_reason) == (None, types.BlockedReason.SAFETY)


@pytest.mark.parametrize("ask", [whole, streamed])
@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (400, "INVALID_ARGUMENT", errors.ClientError),
        (401, "UNAUTHENTICATED", errors.ClientError),
        (403, "PERMISSION_DENIED", errors.ClientError),
        (404, "NOT_FOUND", errors.ClientError),
        (413, "INVALID_ARGUMENT", errors.ClientError),
        (429, "RESOURCE_EXHAUSTED", errors.ClientError),
        (500, "INTERNAL", errors.ServerError),
        (503, "UNAVAILABLE", errors.ServerError),
        (504, "DEADLINE_EXCEEDED", errors.ServerError),
        (529, "UNAVAILABLE", errors.ServerError),
    ],
)
def test_errors(with_client, ask, status: int, word: str, error: type[errors.APIError]) -> None:
    async def failing(models: Any) -> errors.APIError:
        with pytest.raises(error) as caught:
            await ask(models)
        return caught.value

    turn = reply.status(status, {"message": "No."}, headers={"Retry-After": "7"})
    seen, _ = with_client(PROVIDER, turn, asking(failing))
    assert (seen.code, seen.status, seen.message) == (status, word, "No.")
    delays = [detail["retryDelay"] for detail in seen.details["error"]["details"] if "retryDelay" in detail]
    assert delays == ["7s"]


def test_an_error_in_a_stream(with_client) -> None:
    async def failing(models: Any) -> tuple[list[str], errors.APIError]:
        events = await models.generate_content_stream(model="g", contents=MARKER)
        texts = [(await anext(events)).text for _ in range(2)]
        with pytest.raises(errors.ServerError) as caught:
            await anext(events)
        return texts, caught.value

    turn = reply.chat("Hel", "lo", failure=reply.error_story(503, {"message": "Overloaded."}))
    (texts, seen), _ = with_client(PROVIDER, turn, asking(failing))
    assert (texts, seen.code) == (["Hel", "lo"], 503)


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (reply.chat("x", finish="paused"), "no finish reason for paused"),
        (reply.chat("x", signature="no base64"), "signatures are base64"),
        (reply.chat("x", done=2), "no terminator"),
        (reply.chat("x", extra={"service_tier": "flex"}), "no field service_tier"),
        (reply.chat("x", message={"refusal": "No."}), "no message field refusal"),
        (reply.chat("x", logprobs=[{"token": "x", "logprob": -0.1}]), "log probabilities"),
        (reply.chat(tools=[reply.call("f", "[]")]), "arguments as an object"),
    ],
)
def test_what_it_has_no_form_for(turn: Turn, why: str) -> None:
    assert why in DIALECT.obstacle(turn)


@pytest.mark.parametrize(
    ("path", "payload", "status", "why"),
    [
        ("hopcheck-no-such-model:generateContent", {"contents": [{}]}, 404, "is not found"),
        ("g-hopcheck-no-such-model:generateContent", {"contents": [{}]}, 404, "is not found"),
        ("g:generateContent", {}, 400, "contents is not specified"),
        ("g:generateImages", {}, 404, "Unknown request URL"),
        ("g:generateContent", [], 400, "isn't a JSON object"),
    ],
)
def test_refusals(wire, path: str, payload: Any, status: int, why: str) -> None:
    ask = wire.ask
    got = wire.serve({}, lambda upstream: ask(upstream, payload, path=f"/v1beta/models/{path}"))
    assert (got.status, got.json["error"]["code"]) == (status, status)
    assert why in got.json["error"]["message"]
