"""Holds every exchange of a case against the contracts, whatever the case is about.

Judged are its responses, each event of its streams, and what reached the provider; what does not hold is an occurrence.
What stands in a provider's own response, or in the client's own request, is not the target's: it may pass that on.
What a server's HTTP layer says for itself is no answer of the API's.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hopcheck.authoring.findings import Level
from hopcheck.client import Response
from hopcheck.client.config import Declares
from hopcheck.client.operations import operation_of
from hopcheck.client.operations.contract_path import contract_path, plain_path
from hopcheck.engine.exchanges.exchange import plain_body
from hopcheck.engine.exchanges.http_layer import ROUTING_REFUSALS, is_byte_proxys_own, is_http_refusal
from hopcheck.engine.exchanges.openai_form import foreign_dialect
from hopcheck.engine.verdict import Occurrence
from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_contracts.causes import cause_of
from hopcheck_contracts.documents import PROVIDERS, Boundary, find_operation, surface_of
from hopcheck_contracts.schemas import (
    STREAM_TYPE,
    validate_event,
    validate_raw_response,
    validate_request,
    validate_upstream_request,
)
from hopcheck_contracts.sse import Event, parse
from hopcheck_contracts.violations import Violation
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse

RESPONSE = "contract.response"
EVENT = "contract.event"
UPSTREAM_REQUEST = "contract.upstream-request"

CHECKS = (RESPONSE, EVENT, UPSTREAM_REQUEST)
"""The findings that every case may have in addition to its own, in their order."""

COMMON: Boundary = "openai-compatible"
OWN: Boundary = "llm-proxy"

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


@dataclass
class WireJudgement:
    """What judging a case's exchanges resulted in.

    Attributes:
        judged: How many messages were judged, by check and operation.
        occurrences: What did not hold.
    """

    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    occurrences: list[Occurrence] = field(default_factory=list)

    def add(
        self, check: str, about: str, violations: Iterable[Violation], operation: str, exchange: int | None
    ) -> None:
        """Count a message, and what is wrong with it."""
        self.judged[check, operation] += 1
        self.occurrences += [
            Occurrence(check, cause_of(one), f"{about}: {one}", Level.MUST, operation, exchange) for one in violations
        ]


def load_contracts(declares: Declares) -> None:
    """Read the contracts, and compile what nearly every case needs: the first case would hold up the others."""
    more = {"/v1/messages": declares.messages, "/v1/responses": declares.responses}
    for path in ("/v1/chat/completions", *(path for path, is_served in more.items() if is_served)):
        surface, head = surface_of(path), [("content-type", "application/json")]
        validate_raw_response(surface, "POST", path, 200, head, b"{}")
        validate_raw_response(surface, "POST", path, 400, head, b"{}")
        validate_event(surface, "{}")
        validate_upstream_request(path, {})


async def judge_exchanges(evidence: WireEvidence) -> WireJudgement:
    """Hold what crossed the wire against the contracts."""
    judgement = WireJudgement()
    given = _Given(evidence)
    for number, response in enumerate(evidence.responses):
        _judge_response(evidence, response, number, given, judgement)
        await asyncio.sleep(0)  # other cases go on between two large messages
    asked = {response.marker: number for number, response in enumerate(evidence.responses) if response.marker}
    for attempt in evidence.attempts:
        violations = _request_violations(attempt)
        if violations is not None:
            judgement.add(
                UPSTREAM_REQUEST,
                f"{attempt.method} {attempt.path}",
                given.beyond_request(attempt, violations),
                given.operation_of(attempt),
                asked.get(attempt.marker),
            )
    return judgement


def _judge_response(
    evidence: WireEvidence, response: Response, number: int, given: _Given, judgement: WireJudgement
) -> None:
    path = contract_path(response.sent.url, evidence.base_path)
    operation = operation_of(response.sent.method, path, response.sent.json)
    about = f"{response.sent.method} {plain_path(response.sent.url)} {response.status}"
    if response.ended == "too-large":
        judgement.add(
            RESPONSE, about, [Violation("size", response.detail.removeprefix("too-large: "))], operation, number
        )
        return
    boundary = None if _is_the_servers_own(response, evidence) else _boundary(response, path, evidence.declares)
    body = plain_body(response)
    streams = response.media_type == STREAM_TYPE
    if boundary is None or response.status is None or body is None or not (streams or response.ended == "complete"):
        return
    violations = validate_raw_response(boundary, response.sent.method, path, response.status, response.headers, body)
    beyond = given.beyond_success if response.status < 300 else given.beyond_response
    judgement.add(RESPONSE, about, beyond(response.marker, violations), operation, number)
    for place, event in enumerate(_data_events(body) if streams else (), 1):
        violations = given.beyond_response(response.marker, validate_event(boundary, event.data or ""))
        judgement.add(EVENT, f"{about}, event {place}", violations, operation, number)


def _is_the_servers_own(response: Response, evidence: WireEvidence) -> bool:
    """Whether a response is no answer of the API's: the HTTP layer refused, or a byte proxy spoke for itself."""
    attempts = [attempt for attempt in evidence.attempts if response.marker and attempt.marker == response.marker]
    if evidence.declares.transparent:
        return is_byte_proxys_own(response, attempts)
    return is_http_refusal(response, arrived=bool(attempts))


def _boundary(response: Response, path: str, declares: Declares) -> Boundary | None:
    """Whose contract a response is held to; None where none says anything of it."""
    method = "GET" if response.sent.method == "HEAD" else response.sent.method
    if response.status in ROUTING_REFUSALS and not _serves(path, declares):
        return None
    if find_operation(surface_of(path), method, path):
        return surface_of(path)
    return OWN if declares.llm_proxy and find_operation(OWN, method, path) else None


def _serves(path: str, declares: Declares) -> bool:
    """Whether the target owes a path: those that it needn't serve may be answered like any that nobody knows."""
    if path.startswith("/v1/models"):
        return declares.models
    if surface_of(path) == "anthropic-messages":
        return declares.messages
    if surface_of(path) == "openai-responses":
        return declares.responses
    return declares.embeddings or not path.startswith("/v1/embeddings")


def _data_events(body: bytes) -> Iterator[Event]:
    return (event for event in parse(body) if event.data is not None)


class _Given:
    """What the target was given: violations about it are nothing that the target has done.

    Worked out only for what there are violations of.
    """

    def __init__(self, evidence: WireEvidence) -> None:
        self._evidence = evidence
        self._faults: dict[str, set[Violation]] = {}

    def beyond_response(self, marker: str, violations: list[Violation]) -> list[Violation]:
        """The violations about a response that the provider's own answers give no cause for."""
        return [one for one in violations if one not in self._of_provider(marker)] if violations else []

    def beyond_success(self, marker: str, violations: list[Violation]) -> list[Violation]:
        """The same about a success; what a target makes of a provider's garbage is for the cases about that."""
        return [] if violations and self._was_no_object(marker) else self.beyond_response(marker, violations)

    def operation_of(self, attempt: Attempt) -> str:
        """The operation of the request that an attempt belongs to; without one, that of its own path."""
        asked = next((one.sent for one in self._evidence.responses if one.marker == attempt.marker), None)
        if asked is None or find_operation(COMMON, attempt.method, attempt.path):
            return operation_of(attempt.method, attempt.path, attempt.json)
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
        return sent is not None and sent.status < 300 and not _is_object(sent.body) and not any(_data_events(sent.body))

    def _of_provider(self, marker: str) -> set[Violation]:
        if marker not in self._faults:
            self._faults[marker] = {
                violation
                for attempt in self._evidence.attempts
                if marker and attempt.marker == marker and attempt.response is not None
                for violation in _violations_of(attempt, attempt.response)
            }
        return self._faults[marker]


def _request_violations(attempt: Attempt) -> list[Violation] | None:
    """What is wrong with a provider's request by its dialect's contract; None where no contract covers it."""
    if find_operation(surface_of(attempt.path), attempt.method, attempt.path):
        return validate_upstream_request(attempt.path, attempt.json, attempt.method)
    dialect = foreign_dialect(attempt)
    contract = next((name for name in PROVIDERS if dialect and name == f"upstream/{dialect.name}"), None)
    path = _SLASHES.sub("/", attempt.path.partition("?")[0])
    if contract is None or not find_operation(contract, attempt.method, path):
        return None
    return validate_request(contract, attempt.method, path, attempt.json)


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
    for event in _data_events(sent.body):
        yield from validate_event(surface, event.data or "")
