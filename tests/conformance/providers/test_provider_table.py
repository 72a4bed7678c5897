"""The target file's table of providers, and the target behind one of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hopcheck.authoring.duties import why_not_owed
from hopcheck.client.config import ProviderModels
from hopcheck.client.providers.expressible import dialect_of, require_expressible
from hopcheck.client.providers.translated_attempt import TranslatedAttempt
from hopcheck.client.responses import NotApplicable
from hopcheck.engine.context import RunContext
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import _Gate
from hopcheck.gate.target_file import SettingsError, read_target
from hopcheck_server.upstream.journal.attempt import Attempt

URL = {"base_url": "http://127.0.0.1:4000/v1"}
DECLARED = {"retries": 2, "embeddings": True, "fallback": {"primary": "a", "backup": "b"}, "timeout_s": 1}


def target(providers: dict[str, Any], **declares: Any) -> Any:
    return read_target({"target": URL, "providers": providers, "declares": declares}, None, {}, {})


def test_a_provider_is_a_model_or_two() -> None:
    read = target({"anthropic": "claude-model", "azure": {"chat": "gpt", "embedding": "ada"}})
    assert read.providers == {
        "anthropic": ProviderModels(chat="claude-model"),
        "azure": ProviderModels(chat="gpt", embedding="ada"),
    }


@pytest.mark.parametrize(
    ("providers", "sentence"),
    [
        ({"antropic": "m"}, 'has no provider "antropic"; did you mean "anthropic"?'),
        ({"anthropic": {"model": "m"}}, 'has no key "model"'),
        ({"anthropic": 7}, "must be a table"),
    ],
)
def test_a_mistake_is_a_sentence(providers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        target(providers)
    assert sentence in str(caught.value)


def test_each_api_of_a_provider_with_a_model_is_asked() -> None:
    named = {"chat": "c", "messages": "m", "responses": "r"}
    config = target({"openai_responses": named, "anthropic": "claude-model"}, messages=True, responses=True)
    cases: Any = [_Case(name) for name in ("chat", "messages", "count_tokens", "responses.stream", "embeddings")]
    options = GateOptions(config=config, cases=cases, providers=["openai_responses", "anthropic"])
    asked = {name: [case.operation for case in options.cases_on(name)] for name in config.providers}
    on_all = ["chat", "messages", "count_tokens", "responses.stream"]
    assert asked == {"openai_responses": on_all, "anthropic": ["chat"]}
    assert config.behind("openai_responses").models == ProviderModels(**named)


def test_what_is_declared_of_other_models_is_left_out() -> None:
    behind = target({"anthropic": "claude-model"}, **DECLARED).behind("anthropic")
    assert (behind.models.chat, behind.provider) == ("claude-model", "anthropic")
    assert behind.declares.given == {"retries": 2, "choices": False}


def test_a_provider_s_timed_model_has_the_declared_timeout() -> None:
    behind = target({"gemini": {"chat": "g", "timed": "slow"}}, **DECLARED).behind("gemini").declares
    assert (behind.timeout_s, behind.timeout_model) == (1, "slow")


def test_embeddings_are_asked_where_there_is_a_model_for_them() -> None:
    config = target({"anthropic": "claude-model", "azure": {"chat": "gpt", "embedding": "ada"}})
    cases: Any = [_Case("chat"), _Case("embeddings")]
    options = GateOptions(config=config, cases=cases, providers=["anthropic", "azure"])
    assert [len(options.cases_on(name)) for name in ("", "anthropic", "azure")] == [2, 1, 2]
    assert options.selected == 3


@pytest.mark.parametrize(("providers", "floods"), [((), [1.0]), (("a",), [1.0]), (("a", "b"), [0.5, 0.5])])
def test_providers_share_what_floods_send(providers: tuple[str, ...], floods: list[float]) -> None:
    names = {"a": "anthropic", "b": "gemini"}
    config = target({names[one]: "m" for one in providers})
    options = GateOptions(config=config, cases=[], providers=[*config.providers])
    run = _Gate(options, RunContext(config, None), asyncio.Event(), lambda *_: None)
    assert [context.flood for context in run._contexts()] == floods


class _Case:
    def __init__(self, operation: str) -> None:
        self.operation = operation


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"seed": 7, "logit_bias": {}}, "no place for logit_bias, seed"),
        ({"n": 2}, "no place for n"),
        ({"tools": [{"type": "custom"}]}, "no tools of the type custom"),
    ],
)
def test_what_a_dialect_has_no_place_for_is_not_asked(fields: dict[str, Any], reason: str) -> None:
    dialect = dialect_of("anthropic")
    assert dialect is not None
    with pytest.raises(NotApplicable, match=reason):
        require_expressible(dialect, {"messages": [], **fields})


def image(url: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}


@pytest.mark.parametrize("provider", ["gemini", "ollama"])
def test_images_to_be_fetched_are_asked_of_no_gateway(provider: str) -> None:
    dialect = dialect_of(provider)
    assert dialect is not None
    require_expressible(dialect, image("data:image/png;base64,AA=="))
    with pytest.raises(NotApplicable, match="no place for image URLs"):
        require_expressible(dialect, image("https://images.example/cat.png"))


def test_anthropic_takes_an_image_by_its_address() -> None:
    dialect = dialect_of("anthropic")
    assert dialect is not None
    require_expressible(dialect, image("https://images.example/cat.png"))


@pytest.mark.parametrize(("provider", "reason"), [("gemini", "Gemini has no place for stream terminators"), ("", "")])
def test_a_stream_ends_early_only_where_something_ends_it(provider: str, reason: str) -> None:
    config = target({"gemini": "gemini-model"})
    assert why_not_owed("stream_terminator", config.behind(provider) if provider else config) == reason


def test_what_has_a_place_is_asked() -> None:
    dialect = dialect_of("anthropic")
    assert dialect is not None
    require_expressible(dialect, {"messages": [], "n": 1, "max_completion_tokens": 9, "stop": "x", "seed": None})
    require_expressible(dialect, {"input": "x", "seed": 7})
    assert dialect_of("") is None


def test_what_has_no_place_is_asked_on_no_api() -> None:
    chat, anthropic = dialect_of("openai_chat"), dialect_of("anthropic")
    assert chat is not None
    assert anthropic is not None
    with pytest.raises(NotApplicable, match="no place for top_k"):
        require_expressible(chat, {"messages": [], "top_k": 3}, "/v1/messages")
    with pytest.raises(NotApplicable, match="no place for previous_response_id"):
        require_expressible(anthropic, {"input": "x", "previous_response_id": "resp_1"}, "/v1/responses")
    require_expressible(anthropic, {"messages": [], "top_k": 3}, "/v1/messages")
    require_expressible(chat, {"messages": [], "max_tokens": 3, "stop_sequences": ["x"]}, "/v1/messages")


def test_a_case_cannot_read_a_translated_body_as_openais() -> None:
    attempt = TranslatedAttempt.of(Attempt("m", "s", 1, "claude", "POST", "/v1/messages", [], b"{}", 1, 5))
    assert (attempt.model, attempt.body) == ("claude", b"{}")
    with pytest.raises(NotApplicable, match="request-fidelity compares it here"):
        _ = attempt.json
