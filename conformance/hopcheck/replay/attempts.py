"""The attempts at the provider that a replayed request would have caused, combined from two journals.

The replay server has seen the proxy's side: when it sent the request, with which headers, and whether it hung up. The
cassette holds LiteLLM's side at the provider; its times are moved to those of the replayed request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hopcheck.cassettes import Frame, JournalEntry
from hopcheck.replay.fixed_responses import model_in
from hopcheck.replay.index import PlayableInteraction
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Attempt, Ending
from hopcheck_server.wire.headers import Fields

KEYS: Mapping[str, str] = {
    "provider": "sk-hopcheck-replayed-provider",
    "backup": "sk-hopcheck-replayed-backup",
}
"""Stand-ins for the credentials that LiteLLM showed to its providers, which no cassette holds. The proxy's own key for
LiteLLM, if it shows one, replaces the first of them."""

PASSED_ON = frozenset({"anthropic-beta", "anthropic-version"})
"""The header fields of its client that LiteLLM passes on: the provider gets what the proxy sends this time."""


class ReplayedAttempt(Arrival):
    """A request of the proxy's, and the recording that answers it.

    Attributes:
        recording: The recorded interaction; None where there is none.
        is_fixed: Whether it is answered without a recording, and without the provider.
        is_repeated: Whether the replay itself asked for the stream again, which is no attempt of the case's.
        miss: Why there is no recording, or "".
        scale: How long a recorded second lasts, in seconds.
        released: Set when the case releases what the provider holds.
        released_ns: When, or 0.
    """

    def __init__(
        self, method: str, path: str, fields: Fields, body: bytes, connection: int = 0, received_ns: int = 0
    ) -> None:
        """A request that has not been answered yet."""
        super().__init__(method, path, fields, body, connection, received_ns)
        self.recording: PlayableInteraction | None = None
        self.is_fixed = False
        self.is_repeated = False
        self.miss = ""
        self.scale = 1.0
        self.released = asyncio.Event()
        self.released_ns = 0

    def at_provider(self, now_ns: int) -> Iterator[Attempt]:
        """The attempts at the provider that have been made by now.

        A request that wasn't recorded counts as one attempt with the same content, since the proxy did send it.
        """
        if self.is_repeated:
            return
        if self.recording is None:
            if not self.is_fixed:
                yield self.attempt()
            return
        own = self.attempt()
        for entry in self.recording.entries:
            attempt = self._recorded(self.recording, entry, own)
            if attempt.received_ns <= now_ns:
                yield _by(now_ns, attempt)

    def changes_ns(self) -> Iterator[int]:
        """The times at which the value of `at_provider` changes without further requests."""
        if self.recording is None:
            return
        own = self.attempt()
        for entry in self.recording.entries:
            attempt = self._recorded(self.recording, entry, own)
            yield from (attempt.received_ns, attempt.head_sent_ns, attempt.ended_ns, *(at for at, _ in attempt.sent))

    def _recorded(self, recording: PlayableInteraction, entry: JournalEntry, own: Attempt) -> Attempt:
        """A recorded attempt, as if this request had caused it."""
        began_us = recording.interaction.delivery.at_us
        since_us = round((entry.at_us - began_us) * self.scale)
        scaled = replace(
            entry,
            at_us=since_us,
            head_us=None if entry.head_us is None else round(entry.head_us * self.scale),
            sent=tuple(Frame(round(frame.at_us * self.scale), frame.size) for frame in entry.sent),
            ended_us=None if entry.ended_us is None else round(entry.ended_us * self.scale),
        )
        keys = {**KEYS, "provider": own.key or KEYS["provider"]}  # to the proxy, LiteLLM is the provider
        attempt = scaled.attempt(self.marker, keys, self.received_ns, model_in(entry.body) or "")
        attempt.body = _in_order_of(entry.body, own.body, recording.interaction.request.body)
        attempt.headers = _with_own_headers(attempt.headers, own, recording, entry)
        attempt.connection = own.connection
        attempt.ended, attempt.ended_ns = self._ending(recording, entry, attempt)
        return attempt

    def _ending(self, recording: PlayableInteraction, entry: JournalEntry, attempt: Attempt) -> tuple[Ending, int]:
        """The attempt's ending: the recorded one, unless it depends on the proxy or on the case."""
        left = self.ended == "hung-up"
        if recording.interaction.delivery.ended != "left":
            if left and not 0 < attempt.ended_ns <= self.ended_ns:  # earlier than in the recording
                return "hung-up", self.ended_ns
        elif entry.ended == "hung-up":  # LiteLLM hung up because the proxy did
            return ("hung-up", self.ended_ns) if left else ("", 0)
        if entry.ended == "released" or not entry.ended:
            return ("released", self.released_ns) if self.released_ns else ("", 0)
        return attempt.ended, attempt.ended_ns


def _with_own_headers(
    headers: list[tuple[str, str]], own: Attempt, recording: PlayableInteraction, entry: JournalEntry
) -> list[tuple[str, str]]:
    """LiteLLM's header fields and the proxy's own, since a case must see what leaks as far as LiteLLM."""
    replaced = PASSED_ON & {name.lower() for name, _ in recording.interaction.request.headers}
    kept = [pair for pair in headers if pair[0] not in replaced]
    shown = [pair for pair in own.headers if pair[0] != "authorization" or entry.key != "backup"]
    return kept + [pair for pair in shown if pair not in kept]


def _by(now_ns: int, attempt: Attempt) -> Attempt:
    """The state of an attempt at that time."""
    over = 0 < attempt.ended_ns <= now_ns
    return replace(
        attempt,
        head_sent_ns=attempt.head_sent_ns if attempt.head_sent_ns <= now_ns else 0,
        sent=[(at_ns, size) for at_ns, size in attempt.sent if at_ns <= now_ns],
        ended=attempt.ended if over else "",
        ended_ns=attempt.ended_ns if over else 0,
    )


def _in_order_of(body: bytes, asked: bytes, recorded: bytes) -> bytes:
    """The body that LiteLLM sent to the provider, with its keys in the order of the replayed request.

    A recording is found whatever the order of a request's keys is, and LiteLLM keeps that order.
    """
    try:
        made, now, then = (json.loads(text) for text in (body, asked, recorded))
    except (ValueError, RecursionError):
        return body
    if json.dumps(now) == json.dumps(then):
        return body
    return json.dumps(_like(made, now), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _like(value: Any, model: Any) -> Any:
    """A value with its keys in a model's order, followed by those that the model doesn't have."""
    if isinstance(value, dict) and isinstance(model, dict):
        order = [key for key in model if key in value] + [key for key in value if key not in model]
        return {key: _like(value[key], model.get(key)) for key in order}
    if isinstance(value, list) and isinstance(model, list) and len(value) == len(model):
        return [_like(one, other) for one, other in zip(value, model, strict=True)]
    return value
