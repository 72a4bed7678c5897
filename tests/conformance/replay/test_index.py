"""Each recording is played once and in order, for the same request; a miss names where the request differs."""

from __future__ import annotations

import json
from dataclasses import replace

from asking import by_name
from cassette_samples import MADE, answered, ask, entry, listing, streamed

from hopcheck.cassettes import Cassette, Interaction
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.replay.index import CassetteIndex, cassette_of, key_of
from hopcheck.replay.mismatch import explain

FIRST, SECOND = (
    answered("cache.off-by-default", "n0", "first"),
    answered("cache.off-by-default", "n0", "second", at_us=99),
)


NAME = "cache.off-by-default~chat"


def index_of(*interactions: Interaction, case: str = "cache.off-by-default") -> CassetteIndex:
    return CassetteIndex.of(by_name(Cassette(case, MADE, interactions)))


def take(index: CassetteIndex, one: Interaction) -> str | None:
    key, marker = key_of(one.request.method, one.request.path, one.request.body)
    found = index.take(key, marker)
    return None if found is None or found.interaction.response is None else found.interaction.response.body.decode()


def text(body: str | None) -> str | None:
    return None if body is None else json.loads(body)["choices"][0]["message"]["content"]


def test_each_recording_is_played_once_in_order() -> None:
    index = index_of(FIRST, SECOND)
    assert [text(take(index, FIRST)) for _ in range(3)] == ["first", "second", None]
    index.rewind(FIRST.request.marker)
    assert text(take(index, FIRST)) == "first"


def test_repeats_are_explicit() -> None:
    index = index_of(replace(FIRST, repeat=2))
    assert [text(take(index, FIRST)) for _ in range(3)] == ["first", "first", None]
    always = index_of(listing())
    assert all(take(always, listing()) for _ in range(5))


def test_a_marked_request_is_answered_from_its_own_case_alone() -> None:
    index = index_of(answered("chat.schema", "n0", "x"), case="chat.schema")
    assert take(index, answered("chat.logprobs", "n0", "x")) is None


def test_no_provider_is_answered_from_the_cassette_of_another() -> None:
    case, asked = "cache.off-by-default", {}
    for provider in ("", "anthropic", "openai_responses"):
        asked[provider] = answered(case, next(fixed_nonces(provider)), f"from {provider}")
    made = by_name(*(Cassette(case, MADE, (one,), provider=provider) for provider, one in asked.items()))
    assert list(made) == [NAME, f"{NAME}@anthropic", f"{NAME}@openai_responses"]
    index = CassetteIndex.of(made)
    assert text(take(index, asked["anthropic"])) == "from anthropic"
    assert take(index, asked["anthropic"]) is None
    assert [one.left for name in made for one in index.of_cassette(name)] == [True, False, True]
    index.rewind(asked["openai_responses"].request.marker)
    assert take(index, asked["anthropic"]) is None
    index.rewind(asked["anthropic"].request.marker)
    assert text(take(index, asked["anthropic"])) == "from anthropic"
    assert text(take(CassetteIndex.of({NAME: made[NAME]}), asked["anthropic"])) is None


def test_a_probe_is_answered_by_its_model() -> None:
    models = {"": "fake-model", "gemini": "gemini-model"}
    probes = {name: answered("preflight", "0f0", model, model=model) for name, model in models.items()}
    index = CassetteIndex.of(
        by_name(*(Cassette("preflight", MADE, (one,), provider=name) for name, one in probes.items()))
    )
    for name, model in models.items():
        assert text(take(index, answered("preflight", "abc1", "", model=model))) == model
        assert [one.left for one in index.of_cassette(f"preflight~chat@{name}".rstrip("@"))] == [False]


def test_the_order_of_keys_does_not_count() -> None:
    body = json.loads(FIRST.request.body)
    turned = json.dumps(dict(reversed(body.items()))).encode()
    assert text(take(index_of(FIRST), replace(FIRST, request=replace(FIRST.request, body=turned)))) == "first"


def test_an_attempt_belongs_to_the_request_before_it() -> None:
    late = replace(SECOND, delivery=replace(SECOND.delivery, at_us=50_000))
    entries = (entry(FIRST), entry(late, number=2))
    index = CassetteIndex.of(by_name(Cassette("cache.off-by-default", MADE, (FIRST, late), entries)))
    assert [[one.number for one in played.entries] for played in index.of_cassette(NAME)] == [[1], [2]]


def test_what_litellm_refuses_by_itself_need_not_be_played() -> None:
    refused = replace(FIRST, response=replace(FIRST.response, status=404))
    (played,) = index_of(refused).of_cassette(NAME)
    assert not played.is_required
    (played,) = index_of(FIRST).of_cassette(NAME)
    assert played.is_required
    (played,) = index_of(listing()).of_cassette(NAME)
    assert not played.is_required


def miss_of(index: CassetteIndex, body: bytes, path: str = "/v1/chat/completions") -> str:
    key, marker = key_of("POST", path, body)
    return explain(key, index.candidates(marker))


def test_a_miss_names_the_json_path_that_differs() -> None:
    index = index_of(FIRST, streamed("cache.off-by-default", "n1", ("x",)))
    asked = ask("cache.off-by-default", "n0", temperature=0.5).body
    assert "$.temperature is 0.5, recorded was none" in miss_of(index, asked)
    assert "(nearest: cache.off-by-default~chat #1 (POST /v1/chat/completions))" in miss_of(index, asked)
    asked = FIRST.request.body.replace(b'"user"', b'"system"')
    assert '$.messages[0].role is "system", recorded was "user"' in miss_of(index, asked)
    body = json.loads(FIRST.request.body)
    del body["model"]
    assert '$.model is missing, recorded was "fake-model"' in miss_of(index, json.dumps(body).encode())


def test_a_miss_names_repetitions_and_other_paths() -> None:
    index = index_of(FIRST)
    take(index, FIRST)
    assert "sent more often than recorded" in miss_of(index, FIRST.request.body)
    other = miss_of(index, FIRST.request.body, "/v1/responses")
    assert "the path is /v1/responses, recorded was /v1/chat/completions" in other
    assert miss_of(index_of(case="chat.schema"), FIRST.request.body).endswith("no request like it was recorded")
    broken = miss_of(index, b'{"content": "hopcheck:cache.off-by-default~~chat:n0"')
    assert "the body is {" in broken


def test_a_marker_names_its_cassette() -> None:
    assert cassette_of("hopcheck:requests.parts~image~chat:n1") == "requests.parts~chat"
    assert cassette_of("hopcheck:chat.schema~~chat:n1xvllm") == "chat.schema~chat@vllm"
    assert cassette_of("") == ""
