"""Where violations of a contract come from: what the provider sent, or the client asked, is not the target's doing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hopcheck.client import Response
from hopcheck.client.config import Declares
from hopcheck.client.operations import operation_of
from hopcheck.client.providers.contract_path import contract_path
from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck_contracts.bounded_json import loads_or_none, shared_json
from hopcheck_contracts.documents import PROVIDERS, Boundary, find_operation, surface_of
from hopcheck_contracts.schemas import (
    validate_event,
    validate_raw_response,
    validate_request,
    validate_upstream_request,
)
from hopcheck_contracts.sse import Event, parse
from hopcheck_contracts.violations import Violation
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse

COMMON: Boundary = "openai-compatible"

_SLASHES = re.compile("/{2,}")


@dataclass(frozen=True)
class WireEvidence:
    """What crossed the wire in a case.

    Attributes:
        responses: What the client was answered.
        attempts: What reached the upstream.
        base_path: The path of the target's base URL, which stands for the contract's `/v1`.
        declares: What the target says that it is and does.
    """

    responses: Sequence[Response]
    attempts: Sequence[Attempt]
    base_path: str = "/v1"
    declares: Declares = field(default_factory=Declares)


def data_events(body: bytes) -> Iterator[Event]:
    """The events of a stream, without its comments."""
    return (event for event in parse(body) if event.data is not None)


class WireOrigins:
    """What the target was given: violations about it are nothing that the target has done.

    Worked out only for what there are violations of.
    """

    def __init__(self, evidence: WireEvidence) -> None:
        self._evidence = evidence
        self._asked = {one.marker: one for one in reversed([response.sent for response in evidence.responses])}
        self._faults: dict[str, set[Violation]] = {}

    def beyond_response(self, marker: str, violations: list[Violation]) -> list[Violation]:
        """The violations about a response that the provider's own answers give no cause for."""
        return [one for one in violations if one not in self._of_provider(marker)] if violations else []

    def beyond_success(self, marker: str, violations: list[Violation]) -> list[Violation]:
        """The same about a success; what a target makes of a provider's garbage is for the cases about that."""
        return [] if violations and self._was_no_object(marker) else self.beyond_response(marker, violations)

    def operation_of(self, attempt: Attempt) -> str:
        """The operation of the request that an attempt belongs to; without one, that of its own path."""
        asked = self._asked.get(attempt.marker)
        if asked is None or find_operation(COMMON, attempt.method, attempt.path):
            return operation_of(attempt.method, attempt.path, shared_json(attempt.body))
        return operation_of(asked.method, asked.url, asked.json)

    def beyond_request(self, attempt: Attempt, violations: list[Violation]) -> list[Violation]:
        """The violations about a forwarded request that the client's own request gives no cause for.

        In another dialect these have other names, so that a client's invalid request gives cause for any of them.
        """
        if not violations:
            return []
        own = [
            violation
            for response in self._evidence.responses
            if response.marker == attempt.marker
            for violation in validate_upstream_request(
                contract_path(response.sent.url, self._evidence.base_path), response.sent.json, response.sent.method
            )
        ]
        if own and not find_operation(COMMON, attempt.method, attempt.path):
            return []
        return [one for one in violations if one not in own]

    def _was_no_object(self, marker: str) -> bool:
        """Whether the provider's last answer was a success that holds neither a JSON object nor events."""
        attempts = [one for one in self._evidence.attempts if marker and one.marker == marker]
        sent = attempts[-1].response if attempts else None
        return sent is not None and sent.status < 300 and not _is_object(sent.body) and not any(data_events(sent.body))

    def _of_provider(self, marker: str) -> set[Violation]:
        if marker not in self._faults:
            self._faults[marker] = {
                violation
                for attempt in self._evidence.attempts
                if marker and attempt.marker == marker and attempt.response is not None
                for violation in _violations_of(attempt, attempt.response)
            }
        return self._faults[marker]


def request_violations(attempt: Attempt) -> list[Violation] | None:
    """What is wrong with a provider's request by its dialect's contract; None where no contract covers it."""
    if find_operation(surface_of(attempt.path), attempt.method, attempt.path):
        return validate_upstream_request(attempt.path, shared_json(attempt.body), attempt.method)
    dialect = foreign_dialect(attempt)
    contract = next((name for name in PROVIDERS if dialect and name == f"upstream/{dialect.name}"), None)
    path = _SLASHES.sub("/", attempt.path.partition("?")[0])
    if contract is None or not find_operation(contract, attempt.method, path):
        return None
    return validate_request(contract, attempt.method, path, shared_json(attempt.body))


def _is_object(body: bytes) -> bool:
    return isinstance(loads_or_none(body), dict)


def _violations_of(attempt: Attempt, sent: SentResponse) -> Iterator[Violation]:
    """What is wrong with a provider's response: all of it, or its events, as they may come in another order.

    In a dialect that is no surface's nothing is, since the gateway writes the response anew.
    """
    surface = surface_of(attempt.path)
    if surface == COMMON and foreign_dialect(attempt):
        return
    yield from validate_raw_response(surface, attempt.method, attempt.path, sent.status, sent.headers, sent.body)
    for event in data_events(sent.body):
        yield from validate_event(surface, event.data or "")
