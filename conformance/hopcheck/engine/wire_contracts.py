"""Holds every exchange of a case against the contracts, whatever the case is about.

Judged are its responses, each event of its streams, and what reached the provider; what does not hold is an occurrence.
What stands in a provider's own response, or in the client's own request, is not the target's: it may pass that on.
What a server's HTTP layer says for itself is no answer of the API's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hopcheck.authoring.findings import Level
from hopcheck.client import Response
from hopcheck.client.config import Declares
from hopcheck.client.operations import operation_of
from hopcheck.client.providers.contract_path import contract_path, plain_path
from hopcheck.engine.exchanges.exchange import plain_body
from hopcheck.engine.exchanges.http_layer import ROUTING_REFUSALS, is_byte_proxys_own, is_http_refusal
from hopcheck.engine.verdict import Occurrence
from hopcheck.engine.wire_origins import WireEvidence, WireOrigins, data_events, request_violations
from hopcheck_contracts.causes import cause_of
from hopcheck_contracts.documents import Boundary, find_operation, surface_of
from hopcheck_contracts.schemas import (
    STREAM_TYPE,
    validate_event,
    validate_raw_response,
    validate_upstream_request,
)
from hopcheck_contracts.violations import Violation

RESPONSE = "contract.response"
EVENT = "contract.event"
UPSTREAM_REQUEST = "contract.upstream-request"

CHECKS = (RESPONSE, EVENT, UPSTREAM_REQUEST)
"""The findings that every case may have in addition to its own, in their order."""

OWN: Boundary = "llm-proxy"


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
    origins = WireOrigins(evidence)
    for number, response in enumerate(evidence.responses):
        _judge_response(evidence, response, number, origins, judgement)
        await asyncio.sleep(0)  # other cases go on between two large messages
    asked = {response.marker: number for number, response in enumerate(evidence.responses) if response.marker}
    for attempt in evidence.attempts:
        violations = request_violations(attempt)
        if violations is not None:
            judgement.add(
                UPSTREAM_REQUEST,
                f"{attempt.method} {attempt.path}",
                origins.beyond_request(attempt, violations),
                origins.operation_of(attempt),
                asked.get(attempt.marker),
            )
    return judgement


def _judge_response(
    evidence: WireEvidence, response: Response, number: int, origins: WireOrigins, judgement: WireJudgement
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
    beyond = origins.beyond_success if response.status < 300 else origins.beyond_response
    judgement.add(RESPONSE, about, beyond(response.marker, violations), operation, number)
    for place, event in enumerate(data_events(body) if streams else (), 1):
        violations = origins.beyond_response(response.marker, validate_event(boundary, event.data or ""))
        judgement.add(EVENT, f"{about}, event {place}", violations, operation, number)


def _is_the_servers_own(response: Response, evidence: WireEvidence) -> bool:
    """Whether a response is no answer of the API's: the HTTP layer refused, or a byte proxy spoke for itself."""
    marker = response.marker
    attempts = [attempt for attempt in evidence.attempts if marker and attempt.marker == marker]
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
