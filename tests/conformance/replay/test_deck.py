"""Each recording is played once and in order, to who asks the same; what isn't recorded is told with its place."""

from __future__ import annotations

import json
from dataclasses import replace

from cassette_samples import MADE, answered, ask, entry, listing, streamed

from hopcheck.cassettes import Cassette, Interaction
from hopcheck.replay.index import CassetteIndex, cassette_of, key_of
from hopcheck.replay.mismatch import explain

FIRST, SECOND = (
    answered("cache.off-by-default", "n0", "first"),
    answered("cache.off-by-default", "n0", "second", at_us=99),
)


def deck_of(*interactions: Interaction, case: str = "cache.off-by-default", **more: Cassette) -> CassetteIndex:
    return CassetteIndex.of({case: Cassette(case, MADE, interactions), **more})


def draw(index: CassetteIndex, one: Interaction) -> str | None:
    key, marker = key_of(one.request.method, one.request.path, one.request.body)
    card = index.take(key, marker)
    return None if card is None or card.interaction.response is None else card.interaction.response.body.decode()


def text(body: str | None) -> str | None:
    return None if body is None else json.loads(body)["choices"][0]["message"]["content"]


def test_the_same_request_gets_what_was_recorded_in_its_order_and_then_nothing() -> None:
    index = deck_of(FIRST, SECOND)
    assert [text(draw(index, FIRST)) for _ in range(3)] == ["first", "second", None]
    index.rewind(FIRST.request.marker)
    assert text(draw(index, FIRST)) == "first"


def test_repeats_are_explicit() -> None:
    index = deck_of(replace(FIRST, repeat=2))
    assert [text(draw(index, FIRST)) for _ in range(3)] == ["first", "first", None]
    always = deck_of(listing())
    assert all(draw(always, listing()) for _ in range(5))


def test_a_marked_request_is_answered_from_its_own_case_alone() -> None:
    index = deck_of(answered("chat.schema", "n0", "x"), case="chat.schema")
    assert draw(index, answered("chat.logprobs", "n0", "x")) is None


def test_who_asks_in_another_order_of_keys_asks_the_same() -> None:
    body = json.loads(FIRST.request.body)
    turned = json.dumps(dict(reversed(body.items()))).encode()
    assert text(draw(deck_of(FIRST), replace(FIRST, request=replace(FIRST.request, body=turned)))) == "first"


def test_what_the_provider_was_asked_belongs_to_the_request_before_it() -> None:
    late = replace(SECOND, delivery=replace(SECOND.delivery, at_us=50_000))
    entries = (entry(FIRST), entry(late, number=2))
    index = CassetteIndex.of({"cache.off-by-default": Cassette("cache.off-by-default", MADE, (FIRST, late), entries)})
    assert [[one.number for one in card.entries] for card in index.of_cassette("cache.off-by-default")] == [[1], [2]]


def test_what_litellm_refuses_by_itself_need_not_be_played() -> None:
    refused = replace(FIRST, response=replace(FIRST.response, status=404))
    (card,) = deck_of(refused).cards("cache.off-by-default")
    assert not card.is_required
    (card,) = deck_of(FIRST).cards("cache.off-by-default")
    assert card.is_required
    (card,) = deck_of(listing()).cards("cache.off-by-default")
    assert not card.is_required


def told(index: CassetteIndex, body: bytes, path: str = "/v1/chat/completions") -> str:
    key, marker = key_of("POST", path, body)
    return explain(key, index.candidates(marker))


def test_a_miss_names_the_json_path_that_differs_from_the_nearest() -> None:
    index = deck_of(FIRST, streamed("cache.off-by-default", "n1", ("x",)))
    asked = ask("cache.off-by-default", "n0", temperature=0.5).body
    assert "$.temperature is 0.5, recorded was none" in told(index, asked)
    assert "(nearest: cache.off-by-default #1 (POST /v1/chat/completions))" in told(index, asked)
    asked = FIRST.request.body.replace(b'"user"', b'"system"')
    assert '$.messages[0].role is "system", recorded was "user"' in told(index, asked)
    body = json.loads(FIRST.request.body)
    del body["model"]
    assert '$.model is missing, recorded was "fake-model"' in told(index, json.dumps(body).encode())


def test_a_miss_says_when_it_was_asked_too_often_or_elsewhere() -> None:
    index = deck_of(FIRST)
    draw(index, FIRST)
    assert "asked more often than recorded" in told(index, FIRST.request.body)
    other = told(index, FIRST.request.body, "/v1/responses")
    assert "the path is /v1/responses, recorded was /v1/chat/completions" in other
    assert told(deck_of(case="chat.schema"), FIRST.request.body).endswith("nothing like it was recorded")
    broken = told(index, b'{"content": "hopcheck:cache.off-by-default~~chat:n0"')
    assert "the body is {" in broken


def test_a_marker_names_its_case() -> None:
    assert cassette_of("hopcheck:req.parts~image~chat:n1") == "req.parts"
    assert cassette_of("") == ""
