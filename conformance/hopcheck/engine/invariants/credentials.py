"""Each attempt carries the credential of its route, and nothing of what the client showed to the target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hopcheck.authoring.findings import Level
from hopcheck.client.config import SECRET_CHARACTERS
from hopcheck.client.operations import ANSWERED
from hopcheck.engine.exchanges.complaint import Complaint, Judged, JudgedInvariant
from hopcheck.engine.exchanges.forecast import Forecast
from hopcheck_server.secret_forms import written_forms
from hopcheck_server.upstream.journal.attempt import Attempt

CREDENTIALS = "credentials"

FORWARDED_NAMES = frozenset({"x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip"})

_SECRET_NAME = re.compile(r"(authorization|cookie|(^|[-_])[a-z]*(key|token))$")
"""Of headers that hold credentials."""


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
    headers = judged.exchange.response.sent.headers
    passes_key = judged.config.declares.auth_policy == "passthrough"
    passed_on = {_token(value) for name, value in headers if passes_key and name.lower() == "authorization"}
    for name, value in headers:
        field = name.lower()
        is_secret = bool(_SECRET_NAME.search(field)) and _token(value) not in passed_on
        if not is_secret and field not in FORWARDED_NAMES:
            continue
        shown = _shown_in(attempt, _token(value) if is_secret else value)
        # A cookie may be for the provider where the key is.
        level = Level.MUST if is_secret and not (passes_key and field == "cookie") else Level.SHOULD
        for place in shown:
            yield Complaint(f"the client's {field} reaches the provider in {place}", judged.exchange.about, level)


def _token(value: str) -> str:
    return value.rpartition(" ")[2]


def _shown_in(attempt: Attempt, value: str) -> Sequence[str]:
    if len(value) < SECRET_CHARACTERS:
        return ()
    return [name for name, text in attempt.headers if any(form in text for form in written_forms(value))]


INVARIANT = JudgedInvariant(
    CREDENTIALS,
    frozenset({Forecast.CLEAN, Forecast.FAULTED, Forecast.EXCUSED}),
    judge,
    frozenset(ANSWERED),
)
