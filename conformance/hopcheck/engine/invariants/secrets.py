"""No key that the run knows stands in a response, in any form, in part, or split over a stream's events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from hopcheck.client.config import SECRET_CHARACTERS
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.content import chat_content
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_server.secret_forms import SecretSearch

SECRETS = "secrets"


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield whose keys a response shows, and where."""
    exchange = judged.exchange
    judged.known.provider_keys |= {one.key for one in exchange.attempts if len(one.key) >= SECRET_CHARACTERS}
    places = dict(_places(judged))
    for whose, key in _keys(judged):
        shown = [place for place, text in places.items() if shows(text, key)]
        if shown and not _says_it_itself(judged, key):
            yield Complaint(f"{whose} key stands in {', '.join(shown)}", exchange.about)


def _keys(judged: Judged) -> Iterator[tuple[str, str]]:
    """The keys that are no business of this client's, each with a word on whose it is."""
    config, known = judged.config, judged.known
    is_shown_back = config.declares.transparent or config.declares.auth_policy == "passthrough"
    clients = {"a client's": config.api_key, "another client's": config.second_api_key}
    for whose, key in clients.items():
        if len(key) >= SECRET_CHARACTERS and not is_shown_back:
            yield whose, key
    if not is_shown_back:
        yield from (("a provider's", key) for key in known.provider_keys - set(clients.values()))


def _places(judged: Judged) -> Iterator[tuple[str, str]]:
    answer = judged.exchange.answer
    yield from ((f"header {name.lower()}", value) for name, value in answer.headers)
    yield "the body", (answer.body or b"").decode("utf-8", "replace")
    if answer.streams:
        yield "the texts of a stream", json.dumps(list(chat_content(answer)["choices"].values()), ensure_ascii=False)


def shows(text: str, key: str) -> bool:
    """Whether a key, or a part of it, stands in a text in any form; what a text ends with is no key cut short."""
    return bool(text) and bool(_search(key).spans(f"0 {text.replace('…', ' ')} 0"))


@lru_cache(maxsize=256)
def _search(key: str) -> SecretSearch:
    return SecretSearch([key])


def _says_it_itself(judged: Judged, key: str) -> bool:
    """Whether the client's own text has the key."""
    return key.encode() in judged.exchange.response.sent.body


INVARIANT = JudgedInvariant(SECRETS, frozenset(Forecast), judge)
