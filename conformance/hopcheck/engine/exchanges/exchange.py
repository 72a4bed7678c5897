"""One exchange with both its sides: a client's request with its response, and the attempts that it led to."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.client import Response
from hopcheck.client.operations import operation_of
from hopcheck.client.providers.contract_path import contract_path, plain_path
from hopcheck.client.sdk import INFLATED
from hopcheck.engine.exchanges.message import Message
from hopcheck.engine.exchanges.openai_form import given_messages
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Scripts

MAX_INFLATED_BYTES = 8 * 1024 * 1024
"""A compressed body that becomes larger is not judged."""


@dataclass(frozen=True)
class Exchange:
    """A client's request, its response, and the attempts that it led to.

    Attributes:
        number: Its place among the case's exchanges, from 0.
        response: What the client was answered.
        attempts: What reached the upstream for it.
        operation: How the target was asked.
        path: The request's path as the contracts have it.
        scripts: What the upstream played.
        is_shared: Whether other requests of the case have the same marker, so that nobody knows whose its attempts are.
    """

    number: int
    response: Response
    attempts: tuple[Attempt, ...]
    operation: str
    path: str
    scripts: Scripts = field(default_factory=dict)
    is_shared: bool = False

    @cached_property
    def asked(self) -> Mapping[str, Any] | None:
        """The request's JSON object; None if it has none."""
        body = self.response.sent.json
        return body if isinstance(body, dict) else None

    @cached_property
    def answer(self) -> Message:
        """What the client was answered."""
        return Message(self.response.status or 0, self.response.headers, plain_body(self.response))

    @cached_property
    def given(self) -> tuple[Message | None, ...]:
        """What the upstream sent to each attempt, in OpenAI's form; None where that isn't known."""
        return given_messages(self.attempts, self.path, self.asked, self.scripts)

    @property
    def about(self) -> str:
        """Request and status in a few words."""
        sent = self.response.sent
        return f"{sent.method} {plain_path(sent.url)} {self.response.status or self.response.ended}"


def exchanges_of(
    case: Case, responses: Sequence[Response], attempts: Sequence[Attempt], base_path: str
) -> list[Exchange]:
    """The exchanges of a case; those that another case has asked for, and shares, belong to that one."""
    by_marker: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_marker.setdefault(attempt.marker, []).append(attempt)
    scripts = case.upstream_scripts()
    uses = Counter(response.marker for response in responses)
    return [
        Exchange(
            number,
            response,
            tuple(by_marker.get(response.marker, ())) if response.marker else (),
            operation_of(response.sent.method, response.sent.url, response.sent.json),
            contract_path(response.sent.url, base_path),
            scripts,
            is_shared=bool(response.marker) and uses[response.marker] > 1,
        )
        for number, response in enumerate(responses)
        if not response.marker or _is_of(response.marker, case)
    ]


def _is_of(marker: str, case: Case) -> bool:
    parsed = Marker.parse(marker)
    return (parsed.case, parsed.operation) == (case.id, case.operation)


def plain_body(response: Response) -> bytes | None:
    """The body as it was before it was compressed; None where nobody knows."""
    coding = (response.header("content-encoding") or "identity").strip().lower()
    if coding == "identity":
        return response.body
    if coding not in INFLATED:
        return None
    inflate = zlib.decompressobj(wbits=47)
    try:
        plain = inflate.decompress(response.body, MAX_INFLATED_BYTES)
    except zlib.error:
        return None  # cases judge that
    return None if inflate.unconsumed_tail else plain
