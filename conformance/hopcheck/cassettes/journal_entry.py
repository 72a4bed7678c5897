"""Entries of the upstream's journal on a cassette: LiteLLM's attempts at its provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hopcheck_server.upstream.journal.attempt import Attempt, Ending
from hopcheck_server.upstream.script.marker import Marker, find_marker

Pairs = tuple[tuple[str, str], ...]


class Frame(NamedTuple):
    """A piece of a body: the time of its last byte, and its size in bytes."""

    at_us: int
    size: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One attempt of LiteLLM's, as the upstream's journal has it.

    Attributes:
        number: The attempt's number among those of its marker, from 1.
        method: The HTTP method.
        path: The request target.
        headers: Those on the allow-list; names in lower case.
        key: Which credential it carried: `provider`, `backup`, `client` (the proxy's own key for LiteLLM, which must
            not get this far), `other`, or "" for none. Never the credential itself.
        body: The raw body.
        connection: Number of the TCP connection; the first of the case is 1.
        at_us: When the request had arrived, since the case began.
        head_us: When the response's head was sent, or None.
        sent: The writes of the body.
        ended: How it ended, or "" if it was still open.
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
        return find_marker(self.body)

    def attempt(self, marker: str, keys: Mapping[str, str], began_ns: int, model: str = "") -> Attempt:
        """The entry as the upstream's control would return it.

        Args:
            marker: The marker that the attempt has in the replay.
            keys: The credential to use for each value of `key`.
            began_ns: When the case began, CLOCK_MONOTONIC.
            model: The model that the body names.
        """
        at_ns = began_ns + 1000 * self.at_us
        bearer = [("authorization", f"Bearer {keys.get(self.key, self.key)}")] if self.key else []
        return Attempt(
            marker=marker,
            script=Marker.parse(marker).script if marker else "",
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
