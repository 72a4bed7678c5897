"""Acceptance: a request that is valid at the provider isn't refused by the gateway itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.authoring.findings import Level
from hopcheck.client import Response, Target
from hopcheck.client.responses import shortened
from hopcheck.engine.operations import OTHER, contract_path, operation_of
from hopcheck.engine.verdict import Occurrence
from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.schemas import must_refuse, validate_request
from hopcheck_server.upstream.journal.attempt import Attempt

ACCEPTANCE = "acceptance"

COMMON: Boundary = "openai-compatible"

REFUSALS = frozenset({400, 404, 405, 415, 422})
"""Statuses by which a gateway refuses what a request says. Refusing keys, sizes and rates is other cases' matter."""

_PLAIN_FIELDS = frozenset({"model", "messages", "input", "stream"})

DETAIL_CHARACTERS = 300
"""Of a refusal that are quoted."""

LARGE_BYTES = 1 << 20
"""Requests from this size on may be refused for it."""


def refusals(target: Target, attempts: Sequence[Attempt]) -> Iterator[Occurrence]:
    """The valid requests of a case that the target refused without asking its provider.

    A request counts if the contract finds nothing wrong with it, and it carries the configured key and a model that
    the target serves.
    """
    forwarded = {attempt.marker for attempt in attempts}
    for number, response in enumerate(target.responses):
        if response.status in REFUSALS and response.marker not in forwarded and _is_valid(target, response):
            operation = operation_of(response.sent.method, response.sent.url, response.sent.json)
            cause = cause_of_refusal(response)
            yield Occurrence(ACCEPTANCE, cause, _detail(response), Level.MUST, operation, number)


def _is_valid(target: Target, response: Response) -> bool:
    sent = response.sent
    path = contract_path(sent.url, target.base_path)
    body = sent.json
    if not sent.marker or sent.method != "POST" or not isinstance(body, dict) or len(sent.body) >= LARGE_BYTES:
        return False
    if operation_of(sent.method, path, body) == OTHER or not target.carries_own_key(sent):
        return False
    known = body.get("model") in target.served_models
    return known and not (validate_request(COMMON, "POST", path, body) or must_refuse(COMMON, "POST", path, body))


def cause_of_refusal(response: Response) -> str:
    """Status, the error's code or type, and the field that it is about: `status 400, invalid_request: tools`."""
    error = response.error if isinstance(response.error, dict) else {}
    names = (error[name] for name in ("code", "type") if isinstance(error.get(name), str))
    kind = next((name for name in names if name and name != str(response.status)), "")
    return f"status {response.status}{f', {kind}' if kind else ''}: {_about(response, error)}"


def _about(response: Response, error: Mapping[str, Any]) -> str:
    """The field that an error names; else all those that a plain request doesn't have."""
    body = response.sent.json if isinstance(response.sent.json, dict) else {}
    fields = sorted(body.keys() - _PLAIN_FIELDS)
    named = str(error.get("param") or error.get("message") or "")
    mentioned = [(named.index(field), -len(field), field) for field in fields if field in named]
    return min(mentioned)[2] if mentioned else ", ".join(fields) or "a plain request"


def _detail(response: Response) -> str:
    text = shortened(response.text.strip().replace("\n", " "), DETAIL_CHARACTERS)
    return f"{response.sent.method} {response.sent.url} was answered {response.status}: {text}"
