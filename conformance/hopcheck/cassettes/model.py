"""What a cassette is: values, and nothing of how they are written down.

Times are whole microseconds. Those named `at_us` count from the beginning of the case, all others from the `at_us` of
their own exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit

from hopcheck.cassettes.journal_entry import Frame, JournalEntry, Pairs
from hopcheck_server.upstream.script.marker import find_marker
from hopcheck_server.wire.client import Ended

__all__ = [
    "BODY_LIMIT",
    "JournalEntry",
    "Frame",
    "Framing",
    "Interaction",
    "RecordedVerdict",
    "Provenance",
    "Pairs",
    "RecordedRequest",
    "RecordedResponse",
    "Cassette",
    "RecordedDelivery",
]

BODY_LIMIT = 256 * 1024
"""Bytes of a body; a case with a longer one is not recorded."""

Framing = Literal["chunked", "length", "close", "none"]
"""How the end of a response's body is told: chunks, Content-Length, the connection's end, or there is no body."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it stood on the wire.

    Attributes:
        method: The HTTP method.
        uri: Absolute; the host is a fixed one where LiteLLM was recorded, since its port is another one every time.
        headers: Those on the allow-list, as they came, in order.
        body: Decoded from its framing.
    """

    method: str
    uri: str
    headers: Pairs = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The request target: path and query."""
        parts = urlsplit(self.uri)
        return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"

    @property
    def marker(self) -> str:
        """The marker in the body, or ""."""
        return find_marker(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """A response as it stood on the wire.

    Attributes:
        status: The status code.
        reason: The reason phrase.
        headers: Those on the allow-list, as they came, in order.
        body: Decoded from its framing, but not from its content coding.
    """

    status: int
    reason: str
    headers: Pairs = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """When a response came, in which pieces, and how it ended.

    Attributes:
        at_us: When the request's last byte passed, since the case began.
        head_us: Time to first byte: when the end of the response's head passed; None without a response.
        framing: How the body's end is told.
        ended: As framed (`complete`), short of that by the server's FIN (`cut`) or its reset (`reset`), by the
            client's leaving (`left`), or it was no HTTP (`garbled`).
        ended_us: When.
        frames: The body's pieces, their sizes adding up to the body's: for `chunked` the HTTP chunks, however they
            were read; for `length` one for the whole; for `close` what was read at once.
    """

    at_us: int
    head_us: int | None
    framing: Framing
    ended: Ended
    ended_us: int
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """One exchange between the proxy and what is behind it.

    Attributes:
        request: What was asked.
        response: What was answered; None where the exchange ended before a head came.
        wire: When, and how it ended.
        repeat: How often it may be played: so many times, or "*" as often as it is asked.
    """

    request: RecordedRequest
    response: RecordedResponse | None
    wire: RecordedDelivery
    repeat: int | Literal["*"] = 1

    @property
    def pieces(self) -> list[bytes]:
        """The response's body, cut into its frames."""
        if self.response is None:
            return []
        ends = [0]
        for frame in self.wire.frames:
            ends.append(ends[-1] + frame.size)
        return [self.response.body[start:end] for start, end in pairwise(ends)]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a cassette, and when.

    Attributes:
        tool: hopcheck's version.
        recorded: The day, as an ISO date.
        litellm: LiteLLM's version, or "" where something else was recorded.
        openai: The version of the `openai` package in LiteLLM's environment, or "".
        contract: The version of the contract, and a digest of its document.
        dependencies: Of which day LiteLLM's dependencies are, as an ISO date, or "".
    """

    tool: str
    recorded: str
    litellm: str = ""
    openai: str = ""
    contract: str = ""
    dependencies: str = ""


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """How the case went when it was recorded.

    Attributes:
        outcome: Its outcome.
        findings: By name: whether it held. Of findings of the same name, whether all did.
    """

    outcome: str
    findings: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cassette:
    """One case's traffic between the proxy and LiteLLM, and between LiteLLM and the upstream.

    Attributes:
        case: The case's id (or the name that a session was given).
        made: By what, and when.
        interactions: In the order of their requests.
        journal: What LiteLLM did towards the provider, in the order of arrival; empty where nobody knows.
        judged: The case's verdict when it was recorded, if there is one.
    """

    case: str
    made: Provenance
    interactions: tuple[Interaction, ...] = ()
    journal: tuple[JournalEntry, ...] = ()
    judged: RecordedVerdict | None = None


def _first(headers: Pairs, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
