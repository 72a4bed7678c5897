"""Each attempt carries the credential of its route, and nothing of what the client showed to the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from hopcheck.authoring.findings import Level
from hopcheck.client.config import KEY_HEADER, SECRET_CHARACTERS
from hopcheck.client.operations import ANSWERED
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_server.secret_search import written_forms
from hopcheck_server.upstream.journal.attempt import Attempt

CREDENTIALS = "credentials"

FORWARDED_NAMES = frozenset({"x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip"})


def judge(judged: Judged) -> Iterator[Complaint]:
    """Yield credentials that are missing, and what of the client's reaches the provider."""
    for attempt in judged.exchange.attempts:
        yield from _missing(judged, attempt)
        yield from _of_client(judged, attempt)


def _missing(judged: Judged, attempt: Attempt) -> Iterator[Complaint]:
    sent = judged.exchange.response.sent
    if judged.config.declares.auth_policy == "passthrough":
        shown = {_token(value) for name, value in sent.headers if name.lower() == "authorization"}
        if shown and attempt.key not in shown:
            yield Complaint("an attempt carries another credential than the client's", judged.exchange.about)
    elif not attempt.key and judged.known.provider_keys:
        yield Complaint("an attempt carries no credential", judged.exchange.about)


def _of_client(judged: Judged, attempt: Attempt) -> Iterator[Complaint]:
    """What of the client's credentials, cookies and addresses is passed on; a byte proxy passes all of it on."""
    if judged.config.declares.transparent:
        return
    carried = list(_carried(judged))
    for place, text in attempt.headers:
        found = (one for one in carried if any(form in text for form in one.forms))
        origins = {one.field: one.level for one in found if not (place.lower() == "host" and one.is_address)}
        if origins:
            # Clients show the same key, or address, in several headers: what is passed on as it was is one of them.
            field = place.lower() if place.lower() in origins else next(iter(origins))
            cause = f"the client's {field} reaches the provider in {place}"
            yield Complaint(cause, judged.exchange.about, origins[field])


class _Carried(NamedTuple):
    """A credential, cookie or address of the client's, as it may be written, and how binding it is that it stays."""

    field: str
    forms: Sequence[str]
    level: Level

    @property
    def is_address(self) -> bool:
        """Whether it is an address, which may be the provider's as well."""
        return self.field in FORWARDED_NAMES


def _carried(judged: Judged) -> Iterator[_Carried]:
    headers = judged.exchange.response.sent.headers
    passes_key = judged.config.declares.auth_policy == "passthrough"
    passed_on = {_token(value) for name, value in headers if passes_key and name.lower() == "authorization"}
    for name, value in headers:
        field = name.lower()
        if _is_secret(field) and _token(value) not in passed_on:
            # A cookie may be for the provider where the key is.
            level = Level.SHOULD if passes_key and field == "cookie" else Level.MUST
            yield _Carried(field, _forms(_token(value)), level)
        elif field in FORWARDED_NAMES:
            yield _Carried(field, _forms(value), Level.SHOULD)


def _forms(value: str) -> Sequence[str]:
    return () if len(value) < SECRET_CHARACTERS else written_forms(value)


@lru_cache(maxsize=1024)
def _is_secret(field: str) -> bool:
    return field.endswith("cookie") or bool(KEY_HEADER.search(field))


def _token(value: str) -> str:
    return value.rpartition(" ")[2]


INVARIANT = JudgedInvariant(
    CREDENTIALS,
    frozenset({Forecast.CLEAN, Forecast.FAULTED, Forecast.EXCUSED}),
    judge,
    frozenset(ANSWERED),
)
