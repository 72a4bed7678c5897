"""Acceptance: a request that is valid at the provider isn't refused by the gateway itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client import Response, Target
from hopcheck.client.operations import OTHER, operation_of
from hopcheck.client.paths import dig
from hopcheck.client.providers.contract_path import contract_path
from hopcheck.client.responses import shortened
from hopcheck.engine.exchanges.exchange import plain_body
from hopcheck.engine.verdict import Occurrence
from hopcheck.engine.wire_contracts import WireJudgement
from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_contracts.documents import surface_of
from hopcheck_contracts.schemas import is_valid_request
from hopcheck_server.upstream.journal.attempt import Attempt

ACCEPTANCE = "acceptance"

REFUSALS = frozenset({400, 404, 405, 413, 415, 422, 501})
"""Statuses by which a gateway refuses what a request says. Refusing keys, sizes and rates is other cases' matter."""

DETAIL_CHARACTERS = 300
"""Of a refusal that are quoted."""

COMMON_HEADERS = frozenset({"host", "authorization", "content-length"})
PLAIN_HEADERS = {"accept": "*/*", "content-type": "application/json"}
"""The headers that every request of the suite has, and the values of those that cases vary."""

LARGE_BYTES = 1 << 20
"""Requests from this size on may be refused for it."""


def judge_acceptance(target: Target, attempts: Sequence[Attempt], judgement: WireJudgement, level: Level) -> None:
    """Count the valid requests of a case, and those that the target refused without asking its provider.

    A request counts if the contract finds nothing wrong with it, and it carries the configured key and a model that
    the target serves on that operation. A refusal is as binding as the case: what it asks for may be optional.
    """
    forwarded = {attempt.marker for attempt in attempts}
    for number, response in enumerate(target.responses):
        if not is_valid(target, response):
            continue
        operation = operation_of(response.sent.method, response.sent.url, response.sent.json)
        judgement.judged[ACCEPTANCE, operation] += 1
        if response.status in REFUSALS and response.marker not in forwarded:
            cause = cause_of_refusal(response)
            judgement.occurrences.append(Occurrence(ACCEPTANCE, cause, _detail(response), level, operation, number))


def is_valid(target: Target, response: Response) -> bool:
    """Whether a response is that to a request that no target has a reason to refuse."""
    sent = response.sent
    path = contract_path(sent.url, target.base_path)
    body = sent.json
    if not sent.marker or sent.method != "POST" or not isinstance(body, dict) or len(sent.body) >= LARGE_BYTES:
        return False
    if operation_of(sent.method, path, body) == OTHER or not target.carries_own_key(sent):
        return False
    surface = surface_of(path)
    model = body.get("model")
    known = isinstance(model, str) and model in target.served_models
    known = known and (body.get("model") == target.models.embedding) == ("embeddings" in path)
    return known and is_valid_request(surface, "POST", path, sent.body)


def cause_of_refusal(response: Response) -> str:
    """Status, and what the error is about: a field of the request that it names, or else its code or type."""
    found = dig(loads_or_none(_body(response)), "error")
    error = found if isinstance(found, dict) else {}
    named = (error[name] for name in ("code", "type") if isinstance(error.get(name), str) and error[name])
    about = error.get("param") or _field_in(response, error) or next(named, "")
    return f"status {response.status}{f', {about}' if about else ''}"


def _body(response: Response) -> bytes:
    """The refusal as it was before it was compressed, as far as that is known."""
    body = plain_body(response)
    return response.body if body is None else body


def _field_in(response: Response, error: dict[str, Any]) -> str:
    """A field of the request's body that the refusal's text quotes, or names with an index; else ""."""
    sent = response.sent.json
    text = error.get("message") if error else _body(response).decode("utf-8", "replace")
    quoted = re.findall(r"""['"`\[]+([a-z_][a-z0-9_]*)""", str(text)) + re.findall(r"([a-z_]+)\[\d", str(text))
    return next((name for name in quoted if isinstance(sent, dict) and name in sent), "")


def _detail(response: Response) -> str:
    text = shortened(_body(response).decode("utf-8", "replace").strip().replace("\n", " "), DETAIL_CHARACTERS)
    more = ", ".join(shown for name, value in response.sent.headers if (shown := _odd_header(name, value)))
    asked = f"{response.sent.method} {response.sent.url}{f' with {more}' if more else ''}"
    return f"{asked} was answered {response.status}: {text}"


def _odd_header(name: str, value: str) -> str:
    """A header that not every request of the suite has, as the refusal may be about it; else "".

    Only the values that cases vary are shown: those of others may be secrets.
    """
    plain = PLAIN_HEADERS.get(name.lower())
    if plain is not None:
        return "" if value == plain else f"{name}: {value}"
    return "" if name.lower() in COMMON_HEADERS else name
