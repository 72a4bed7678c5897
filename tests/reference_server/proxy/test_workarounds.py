"""What LiteLLM 1.106.2 was seen to send, and what of it leaves the proxy."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from raw_upstream import CHAT, COMPLETION, DONE, HELLO, ROLE, STOP, STREAM, RawUpstream, chunk, says_json, streams

from hopcheck_server.litellm_workarounds import restore_provider_headers
from hopcheck_server.proxy.adapters.litellm.workarounds import LiteLLMWorkarounds

PATH = "/v1/chat/completions"
GROUP = "\n\nLiteLLM: model group 'm' failed with the error above. No fallback was attempted."
TOO_LONG = "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - "
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def fixed(status: int, message: str, **more: Any) -> tuple[int, dict[str, Any]]:
    error = {"message": message, "type": "t", "param": None, "code": str(status), **more}
    return LiteLLMWorkarounds().error(status, error)


@pytest.mark.parametrize(
    ("status", "message", "restored", "code"),
    [
        (
            400,
            f"{TOO_LONG}Too long.\nmodel=m. context_window_fallbacks=None. fallbacks=None.\n\nSet 'x'{GROUP}",
            "Too long.",
            "context_length_exceeded",
        ),
        (500, f"litellm.InternalServerError: InternalServerError: OpenAIException - boom{GROUP}", "boom", "500"),
        (
            429,
            f"litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota{GROUP}",
            "You exceeded your current quota",
            "insufficient_quota",
        ),
        (
            404,
            f"litellm.NotFoundError: OpenAIException - The model `m` does not exist{GROUP}",
            "The model `m` does not exist",
            "model_not_found",
        ),
        (
            429,
            f"litellm.RateLimitError: Model rate limit exceeded. RPM limit=2, current usage=3{GROUP}",
            "litellm.RateLimitError: Model rate limit exceeded. RPM limit=2, current usage=3",
            "rate_limit_exceeded",
        ),
        (400, "nothing of LiteLLM's: OpenAIException - x", "nothing of LiteLLM's: OpenAIException - x", "400"),
    ],
)
def test_message_and_code(status: int, message: str, restored: str, code: str) -> None:
    found_status, error = fixed(status, message)
    assert (found_status, error["message"], error["code"]) == (status, restored, code)


def test_param_of_too_many_messages() -> None:
    message = f"{TOO_LONG}This model's maximum context length is 10 tokens, and your messages have 20."
    assert fixed(400, message)[1]["param"] == "messages"
    assert fixed(400, message, param="input")[1]["param"] == "input"


def test_code_of_a_refused_prompt() -> None:
    wrapped = "litellm.BadRequestError: litellm.ContentPolicyViolationError: ContentPolicyViolationError: "
    error = fixed(400, f"{wrapped}OpenAIException - No.{GROUP}")[1]
    assert (error["message"], error["code"]) == ("No.", "content_policy_violation")


def test_a_code_that_is_one_is_kept() -> None:
    assert fixed(400, "litellm.ContextWindowExceededError: x", code="mine")[1]["code"] == "mine"


def test_none_is_null_and_private_members_go() -> None:
    error = fixed(400, "m", type="None", param="None", provider_specific_fields={"error": "x"})[1]
    assert error == {"message": "m", "type": None, "param": None, "code": "400"}


def test_an_error_that_is_quoted_whole() -> None:
    inner = {"message": "prompt is too long", "type": "invalid_request_error", "param": None, "code": "too_long"}
    error = fixed(400, json.dumps({"error": inner}))[1]
    assert (error["message"], error["code"], error["param"]) == ("prompt is too long", "too_long", None)


def anthropic(kind: str) -> str:
    return json.dumps({"type": "error", "error": {"type": kind, "message": "Zu groß."}, "request_id": "req_1"})


@pytest.mark.parametrize("name", ["AnthropicError", "AnthropicException"])
@pytest.mark.parametrize("quote", [str, lambda text: repr(text.encode())])
@pytest.mark.parametrize(
    ("status", "kind", "restored"),
    [(500, "overloaded_error", 529), (400, "request_too_large", 413), (401, "request_too_large", 401)],
)
def test_a_status_of_anthropics(status: int, kind: str, restored: int, quote: Any, name: str) -> None:
    found, error = fixed(status, f"litellm.InternalServerError: {name} - {quote(anthropic(kind))}{GROUP}")
    assert (found, error["message"], error["type"]) == (restored, "Zu groß.", kind)
    assert error["code"] == (str(status) if found == status else kind)


@pytest.mark.parametrize(
    "text",
    [
        'GeminiException - {"error": {"code": 400, "message": "No such function."}}',
        'Ollama_chatException - {"error": "No such function."}',
        "AzureException BadRequestError - No such function.",
    ],
)
def test_words_of_other_providers(text: str) -> None:
    error = fixed(400, f"litellm.BadRequestError: {text}{GROUP}")[1]
    assert (error["message"], error["code"]) == ("No such function.", "400")


@pytest.mark.parametrize("text", ["b'\\xff'", "b'no end", "b'a' * 9 + b'b'"])
def test_other_bytes_are_a_text(text: str) -> None:
    assert fixed(400, text)[1]["message"] == text


@pytest.mark.parametrize("text", ['{"error": 1}', '{"error": {"message": 1}}', "[1]", "{", '"error"'])
def test_other_json_is_a_text(text: str) -> None:
    assert fixed(400, text)[1]["message"] == text


def test_unknown_model(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    text = "/chat/completions: Invalid model name passed in model=nope. Call `/v1/models` to view available models."
    upstream.script = says_json({"error": {"message": text, "code": "400"}}, "400 Bad Request")
    answer = litellm.post(PATH, json={**CHAT, "model": "nope"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert answer.json()["error"]["message"].startswith("The model `nope` does not exist")


def test_slow_provider(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    text = f"litellm.Timeout: APITimeoutError - Request timed out.\n\nDeployment Info: timeout: 1.0{GROUP}"
    upstream.script = says_json({"error": {"message": text, "code": "408"}}, "408 Request Timeout")
    answer = litellm.post(PATH, json=CHAT)
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "upstream_timeout"
    assert "Deployment" not in answer.text


def test_a_providers_own_408_is_not_fixed(provider: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json({"error": {"message": "m"}}, "408 Request Timeout")
    assert provider.post(PATH, json=CHAT).status_code == 408


def test_headers() -> None:
    found = restore_provider_headers({"llm_provider-retry-after": "7", "x-own": "1", "llm_provider-x-own": "2"})
    assert found["retry-after"] == "7"
    assert found["x-own"] == "1"


@pytest.mark.parametrize("status", ["200 OK", "429 Too Many Requests"])
def test_internal_headers_stay_inside(litellm: httpx2.Client, upstream: RawUpstream, status: str) -> None:
    internal = ["x-litellm-model-api-base: http://inside", "x-litellm-response-cost: 0.1", "x-litellm-key-spend: 3"]
    upstream.script = says_json(
        COMPLETION if status.startswith("200") else {"error": {"message": "m"}},
        status,
        *internal,
        "llm_provider-retry-after: 7",
        "llm_provider-openai-organization: org-1",
        "llm_provider-x-ratelimit-reset-requests: 1s",
        "Server: uvicorn",
    )
    answer = litellm.post(PATH, json=CHAT)
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-ratelimit-reset-requests"] == "1s"
    assert not [name for name in answer.headers if "litellm" in name or "llm_provider" in name or "org" in name]
    assert "server" not in answer.headers


def test_trace_context_goes_in_the_body_and_nothing_else_changes(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    upstream.script = says_json(COMPLETION)
    raw = b'{ "model":"m", "messages" : [{"role":"user","content":"\\u00e9"}],"n":1.0e0,"big":12345678901234567890}'
    raw = raw.replace(b'"n":1.0e0', b'"temperature":1.0e0')
    headers = {"content-type": "application/json", "traceparent": TRACE, "tracestate": "a=b"}
    assert litellm.post(PATH, content=raw, headers=headers).status_code == 200
    added = b'"headers":{"traceparent":"' + TRACE.encode() + b'","tracestate":"a=b"},'
    assert upstream.received[0].body == raw.replace(b"{", b"{" + added, 1)


@pytest.mark.parametrize(
    "bad", ["00-0-0-01", TRACE.upper(), "00-" + "0" * 32 + "-b7ad6b7169203331-01", "ff" + TRACE[2:]]
)
def test_invalid_trace_context_is_not_passed_on(litellm: httpx2.Client, upstream: RawUpstream, bad: str) -> None:
    upstream.script = says_json(COMPLETION)
    assert litellm.post(PATH, json=CHAT, headers={"traceparent": bad}).status_code == 200
    assert upstream.received[0].json == CHAT
    assert upstream.received[0].values("traceparent") == []


def test_refusal_is_put_back(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    message = {"role": "assistant", "content": None, "provider_specific_fields": {"refusal": "No."}}
    upstream.script = says_json({**COMPLETION, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    assert litellm.post(PATH, json=CHAT).json()["choices"][0]["message"]["refusal"] == "No."


def test_open_choices_get_their_null(litellm: httpx2.Client, upstream: RawUpstream) -> None:
    bare = chunk(choices=[{"index": 0, "delta": {"content": "x\ud83d"}}])
    upstream.script = streams(ROLE, bare, HELLO, STOP, DONE)
    events = litellm.post(PATH, json=STREAM).content.split(b"\n\n")
    assert json.loads(events[1][6:])["choices"] == [
        {"index": 0, "delta": {"content": "x\ud83d"}, "finish_reason": None}
    ]
    assert events[0] + b"\n\n" == ROLE
