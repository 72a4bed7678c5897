"""The values that a cassette consists of; `document` and `store` write them down.

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
from hopcheck_server.wire.responses import Ended

BODY_LIMIT = 256 * 1024
"""The longest body in bytes; a case with a longer one is not recorded."""

Framing = Literal["chunked", "length", "close", "none"]
"""What ends a response's body: the last chunk, Content-Length, or the connection's end; `none` is no body."""


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
    """How a response was delivered: when, in which frames, and how it ended.

    Attributes:
        at_us: When the request's last byte passed, since the case began.
        head_us: Time to first byte: when the end of the response's head passed; None without a response.
        framing: What ends the body.
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
        request: The proxy's request.
        response: The response to it; None where the exchange ended before its head.
        delivery: How the response was delivered.
        repeat: How often it may be played: a number, or "*" for any number of times.
    """

    request: RecordedRequest
    response: RecordedResponse | None
    delivery: RecordedDelivery
    repeat: int | Literal["*"] = 1

    @property
    def pieces(self) -> list[bytes]:
        """The response's body, cut into its frames."""
        if self.response is None:
            return []
        ends = [0]
        for frame in self.delivery.frames:
            ends.append(ends[-1] + frame.size)
        return [self.response.body[start:end] for start, end in pairwise(ends)]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The versions that a cassette was recorded with, and the day.

    Attributes:
        tool: hopcheck's version.
        recorded: The day, as an ISO date.
        litellm: LiteLLM's version, or "" where another server was recorded.
        openai: The version of the `openai` package in LiteLLM's environment, or "".
        contract: The version of the contract, and a digest of its document.
        dependencies: The day as of which LiteLLM's dependencies were installed, as an ISO date, or "".
    """

    tool: str
    recorded: str
    litellm: str = ""
    openai: str = ""
    contract: str = ""
    dependencies: str = ""


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """The case's verdict in the recording.

    Attributes:
        outcome: Its outcome.
        findings: Whether each check held, by its name; a name with several findings held if all of them did.
        causes: What did not hold on the case's exchanges, whatever the case is about: `<check>: <complaint>`.
    """

    outcome: str
    findings: Mapping[str, bool] = field(default_factory=dict)
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cassette:
    """The traffic of one case on one operation: between the proxy and LiteLLM, and between LiteLLM and the upstream.

    Attributes:
        case: The case's id, or the name that a recording of other clients was given.
        provenance: What it was recorded with, and when.
        interactions: In the order of their requests.
        journal: LiteLLM's attempts at the provider, in the order of arrival; empty where the provider was not ours.
        verdict: The case's verdict in the recording, if there is one.
        operation: The operation that the case was run on; "" where no case was run.
        provider: The provider whose models were asked; "" for the one that speaks OpenAI's dialect.
    """

    case: str
    provenance: Provenance
    interactions: tuple[Interaction, ...] = ()
    journal: tuple[JournalEntry, ...] = ()
    verdict: RecordedVerdict | None = None
    operation: str = ""
    provider: str = ""

    @property
    def name(self) -> str:
        """The name under which it is stored and looked up."""
        return cassette_name(self.case, self.operation, self.provider)


def cassette_name(case: str, operation: str, provider: str = "") -> str:
    """The name of a cassette, or what a recording without a case was called.

    It is `<case>~<operation>`, or `<case>~<operation>@<provider>` where the provider speaks another dialect.
    """
    behind = f"@{provider}" if provider else ""
    return f"{case}~{operation}{behind}" if operation else case


def _first(headers: Pairs, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
