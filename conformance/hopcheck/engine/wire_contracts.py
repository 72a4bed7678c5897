"""Holds every exchange of a case against the contracts, whatever the case is about.

Its responses, each event of its streams, and the requests that reached the provider are judged:
one finding of each kind.
What the provider's own response or the client's own request has wrong is not the target's fault: it may pass that on.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hopcheck.authoring.findings import Finding, Level
from hopcheck.client import Response
from hopcheck_contracts.documents import Boundary, find_operation
from hopcheck_contracts.schemas import STREAM_TYPE, validate_event, validate_raw_response, validate_upstream_request
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

_INFLATED = ("gzip", "x-gzip", "deflate")


@dataclass(frozen=True)
class WireEvidence:
    """What crossed the wire in a case.

    Attributes:
        answers: What the client was answered.
        attempts: What reached the upstream.
        base_path: The path of the target's base URL, which stands for the contract's `/v1`.
        is_llm_proxy: Whether the target says that it has LLM-Proxy's own paths, too.
    """

    responses: Sequence[Response]
    attempts: Sequence[Attempt]
    base_path: str = "/v1"
    is_llm_proxy: bool = False


@dataclass
class _Tally:
    """The violations that one check has found, and how much it has judged."""

    judged: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, about: str, violations: Iterable[Violation]) -> None:
        self.judged += 1
        self.violations += [f"{about}: {violation}" for violation in violations]

    def finding(self, check: str) -> Finding:
        more = f" (and {len(self.violations) - 1} more)" if len(self.violations) > 1 else ""
        actual = f"{self.violations[0]}{more}" if self.violations else f"all {self.judged} as the contract has them"
        return Finding(check, not self.violations, "as the contract has it", actual, Level.MUST)


def load_contracts() -> None:
    """Read the contracts, and compile what nearly every case needs: the first case would hold up the others."""
    path, head = "/v1/chat/completions", [("content-type", "application/json")]
    validate_raw_response(COMMON, "POST", path, 200, head, b"{}")
    validate_raw_response(COMMON, "POST", path, 400, head, b"{}")
    validate_event(COMMON, "{}")
    validate_upstream_request(path, {})


async def contract_findings(evidence: WireEvidence) -> list[Finding]:
    """Judge what crossed the wire.

    Returns:
        At most one finding of each of `CHECKS`; none of those for which there was nothing to judge.
    """
    tallies = {check: _Tally() for check in CHECKS}
    given = _Given(evidence)
    for response in evidence.responses:
        _judge_response(evidence, response, given, tallies)
        await asyncio.sleep(0)  # others go on between two large ones
    for attempt in evidence.attempts:
        if find_operation(COMMON, attempt.method, attempt.path):
            violations = validate_upstream_request(attempt.path, attempt.json, attempt.method)
            about = f"{attempt.method} {attempt.path}"
            tallies[UPSTREAM_REQUEST].add(about, given.beyond_request(attempt.marker, violations))
    return [tally.finding(check) for check, tally in tallies.items() if tally.judged]


def _judge_response(evidence: WireEvidence, response: Response, given: _Given, tallies: dict[str, _Tally]) -> None:
    path = _path(response, evidence.base_path)
    boundary = _boundary(response, path, evidence)
    body = _plain(response)
    streams = response.media_type == STREAM_TYPE
    if boundary is None or response.status is None or body is None or not (streams or response.ended == "complete"):
        return
    about = f"{response.sent.method} {path} {response.status}"
    violations = validate_raw_response(boundary, response.sent.method, path, response.status, response.headers, body)
    tallies[RESPONSE].add(about, given.beyond_response(response.marker, violations))
    for number, event in enumerate(_data_events(body) if streams else (), 1):
        violations = validate_event(boundary, event.data or "")
        tallies[EVENT].add(f"{about}, event {number}", given.beyond_response(response.marker, violations))


def _path(response: Response, base_path: str) -> str:
    """The path as the contracts have it, without its query."""
    path = "/" + response.sent.url.partition("://")[2].partition("/")[2].partition("?")[0]
    return f"/v1{path.removeprefix(base_path)}" if path.startswith(f"{base_path}/") else path


def _boundary(response: Response, path: str, evidence: WireEvidence) -> Boundary | None:
    """Whose contract a response is held to; None where none says anything of it."""
    method = "GET" if response.sent.method == "HEAD" else response.sent.method
    if find_operation(COMMON, method, path):
        return COMMON
    if evidence.is_llm_proxy and find_operation(OWN, method, path):
        return OWN
    below = path.startswith("/v1/") and response.status is not None and response.status >= 400
    return COMMON if below else None  # whatever fails below `/v1` owes the one shape of errors


def _data_events(body: bytes) -> Iterator[Event]:
    return (event for event in parse(body) if event.data is not None)


def _plain(response: Response) -> bytes | None:
    """The body as it was before it was compressed; None where nobody knows."""
    coding = (response.header("content-encoding") or "identity").strip().lower()
    if coding == "identity":
        return response.body
    if coding not in _INFLATED:
        return None
    try:
        return zlib.decompressobj(wbits=47).decompress(response.body)
    except zlib.error:
        return None  # cases judge that


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

    def beyond_request(self, marker: str, violations: list[Violation]) -> list[Violation]:
        """The violations about a forwarded request that the client's own request gives no cause for."""
        if not violations:
            return []
        own = [
            violation
            for response in self._evidence.responses
            if response.marker == marker
            for violation in validate_upstream_request(
                _path(response, self._evidence.base_path), response.sent.json, response.sent.method
            )
        ]
        return [one for one in violations if one not in own]

    def _of_provider(self, marker: str) -> set[Violation]:
        if marker not in self._faults:
            self._faults[marker] = {
                violation
                for attempt in self._evidence.attempts
                if marker and attempt.marker == marker and attempt.response is not None
                for violation in _violations_of(attempt, attempt.response)
            }
        return self._faults[marker]


def _violations_of(attempt: Attempt, sent: SentResponse) -> Iterator[Violation]:
    """What is wrong with a provider's response: all of it, or its events, as they may come in another order."""
    yield from validate_raw_response(COMMON, attempt.method, attempt.path, sent.status, sent.headers, sent.body)
    for event in _data_events(sent.body):
        yield from validate_event(COMMON, event.data or "")
