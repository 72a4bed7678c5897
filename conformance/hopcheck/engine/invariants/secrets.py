"""No key that the run knows stands in a response, in any form, in part, or split over a stream's events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from hopcheck.client.config import SECRET_CHARACTERS
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.content import chat_content
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck.engine.exchanges.message import SAMPLE_BYTES, Message
from hopcheck.engine.exchanges.typed_content import message_content, response_content
from hopcheck_server.secret_search import SecretSearch

SECRETS = "secrets"

OWN_CHARACTERS = 4
"""How many characters of a part must belong to no word of the key: a path may have the same word next to any letter."""

KEPT_CHARACTERS = 100
"""Texts up to this length are mostly values of headers, and the same in each response."""


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield whose keys a response shows, and where."""
    exchange = judged.exchange
    judged.known.provider_keys |= {one.key for one in exchange.attempts if len(one.key) >= SECRET_CHARACTERS}
    keys = dict(_keys(judged))
    places = dict(_places(judged))
    if not keys or not any(shows(text, *keys) for text in places.values()):
        return
    for key, whose in keys.items():
        shown = [place for place, text in places.items() if shows(text, key)]
        if shown and not _is_given(judged, key):
            yield Complaint(f"{whose} key stands in {', '.join(shown)}", exchange.about)


def _keys(judged: Judged) -> Iterator[tuple[str, str]]:
    """The keys that are no business of this client's, each with a word on whose it is."""
    config, known = judged.config, judged.known
    if config.declares.transparent or config.declares.auth_policy == "passthrough":
        return  # clients see their own
    yield from ((key, "a provider's") for key in sorted(known.provider_keys))
    for key, whose in ((config.second_api_key, "another client's"), (config.api_key, "a client's")):
        if len(key) >= SECRET_CHARACTERS:
            yield key, whose


def _places(judged: Judged) -> Iterator[tuple[str, str]]:
    answer = judged.exchange.answer
    yield from ((f"header {name.lower()}", value) for name, value in answer.headers)
    if judged.is_verbatim:
        return
    yield "the body", answer.sample
    if answer.streams and len(answer.body or b"") <= SAMPLE_BYTES:
        yield "the texts of a stream", _texts(answer)


def shows(text: str, *keys: str) -> bool:
    """Whether one of the keys, or a part of it, stands in a text in any form; its end is no key that was cut short."""
    return bool(text) and (_shows_again if len(text) <= KEPT_CHARACTERS else _shows)(text, keys)


def _shows(text: str, keys: tuple[str, ...]) -> bool:
    return bool(_search(keys).spans(f"0 {text.replace('…', ' ')} 0"))


_shows_again = lru_cache(maxsize=1024)(_shows)


@lru_cache(maxsize=256)
def _search(keys: tuple[str, ...]) -> SecretSearch:
    return SecretSearch(keys, OWN_CHARACTERS)


def _is_given(judged: Judged, key: str) -> bool:
    """Whether the client's own text has the key, or what the provider's response says: that has to come through."""
    given = [one for one in judged.exchange.given if one is not None and one.status == 200]
    by_client = key.encode() in judged.exchange.response.sent.body
    return by_client or any(shows(_texts(one) if _is_generated(one) else one.sample, key) for one in given)


def _is_generated(message: Message) -> bool:
    return any(_contents(message))


def _texts(message: Message) -> str:
    """The texts of a response's choices, blocks or items, those of a stream joined."""
    return json.dumps(_contents(message), ensure_ascii=False)


def _contents(message: Message) -> list[Any]:
    """What the model says, in the form of the surface that the response is of."""
    found = response_content(message)
    chosen = list(chat_content(message)["choices"].values())
    return [chosen, message_content(message)["content"], found["output"], found.get("pieces")]


INVARIANT = JudgedInvariant(SECRETS, frozenset(Forecast), judge)
