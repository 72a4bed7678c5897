"""What a tape is: values, and nothing of how they are written down.

Times are whole microseconds. Those named `at_us` count from the beginning of the case, all others from the `at_us` of
their own exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from hopcheck_server.http1.client import Ended
from hopcheck_server.upstream import marker as markers
from hopcheck_server.upstream.attempt import Attempt, Ending

BODY_LIMIT = 256 * 1024
"""Bytes of a body; a case with a longer one is not taped."""

Pairs = tuple[tuple[str, str], ...]
Framing = Literal["chunked", "length", "close", "none"]
"""How the end of a response's body is told: chunks, Content-Length, the connection's end, or there is no body."""


class Frame(NamedTuple):
    """A piece of a body: when its last byte was there, and its bytes."""

    at_us: int
    size: int


@dataclass(frozen=True, slots=True)
class Request:
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
        return markers.find(self.body)[0]

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
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
class Wire:
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

    request: Request
    response: Response | None
    wire: Wire
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
class Entry:
    """What the upstream's journal holds of one attempt of LiteLLM's.

    Attributes:
        number: Which attempt of its marker this is, from 1.
        method: The HTTP method.
        path: The request target.
        headers: Those on the allow-list; names in lower case.
        key: Which credential came: `provider`, `backup`, `client` (the proxy's own key for LiteLLM, which must not come
            this far), `other`, or "" for none. Never the credential.
        body: The raw body.
        connection: Number of the TCP connection; the first of the case is 1.
        at_us: When the request had come, since the case began.
        head_us: When the answer's head was sent, or None.
        sent: What was written of the body, and when.
        ended: How it ended, or "" if it was still going on.
        ended_us: When, or None.
    """

    number: int
    method: str
    path: str
    headers: Pairs
    key: str
    body: bytes
    connection: int
    at_us: int
    head_us: int | None = None
    sent: tuple[Frame, ...] = ()
    ended: Ending = ""
    ended_us: int | None = None

    @property
    def marker(self) -> str:
        """The marker in the body, or ""."""
        return markers.find(self.body)[0]

    def attempt(self, marker: str, keys: Mapping[str, str], began_ns: int, model: str = "") -> Attempt:
        """The entry as the upstream's control would hand it out.

        Args:
            marker: Whose attempt it is now.
            keys: By `key`: the credential that stands for it.
            began_ns: When the case began, CLOCK_MONOTONIC.
            model: The model that the body names.
        """
        at_ns = began_ns + 1000 * self.at_us
        bearer = [("authorization", f"Bearer {keys.get(self.key, self.key)}")] if self.key else []
        return Attempt(
            marker=marker,
            script=marker.split(":")[1] if marker else "",
            number=self.number,
            model=model,
            method=self.method,
            path=self.path,
            headers=[*bearer, *self.headers],
            body=self.body,
            connection=self.connection,
            received_ns=at_ns,
            head_sent_ns=0 if self.head_us is None else at_ns + 1000 * self.head_us,
            sent=[(at_ns + 1000 * frame.at_us, frame.size) for frame in self.sent],
            ended_ns=0 if self.ended_us is None else at_ns + 1000 * self.ended_us,
            ended=self.ended,
        )


@dataclass(frozen=True, slots=True)
class Made:
    """What made a tape, and when.

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
class Judged:
    """How the case went when it was recorded.

    Attributes:
        outcome: Its outcome.
        findings: By name: whether it held. Of findings of the same name, whether all did.
    """

    outcome: str
    findings: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tape:
    """One case's traffic between the proxy and LiteLLM, and between LiteLLM and the upstream.

    Attributes:
        case: The case's id (or the name that a session was given).
        made: By what, and when.
        interactions: In the order of their requests.
        journal: What LiteLLM did towards the provider, in the order of arrival; empty where nobody knows.
        judged: The case's verdict when it was recorded, if there is one.
    """

    case: str
    made: Made
    interactions: tuple[Interaction, ...] = ()
    journal: tuple[Entry, ...] = ()
    judged: Judged | None = None


def _first(headers: Pairs, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
