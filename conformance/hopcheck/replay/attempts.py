"""What one request of the proxy's came to at the provider, put together from two journals.

What the proxy did is the replay server's own knowledge: that it asked, when, with which headers, and whether it hung
up. What LiteLLM then did at the provider is the cassette's. Times of the cassette count from the request of now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hopcheck.cassettes import Frame, JournalEntry
from hopcheck.replay.fixed_responses import model_in
from hopcheck.replay.index import PlayableInteraction
from hopcheck.replay.key_order import in_order_of
from hopcheck_server.upstream.journal.arrival import Arrival, RequestHead
from hopcheck_server.upstream.journal.attempt import Attempt, Ending

KEYS: Mapping[str, str] = {
    "provider": "sk-hopcheck-replayed-provider",
    "backup": "sk-hopcheck-replayed-backup",
}
"""What stands for the credentials that LiteLLM showed to its providers, which no cassette holds; for the first of them, the
proxy's own key for LiteLLM if it shows one."""


class ReplayedAttempt(Arrival):
    """A request of the proxy's, and what it was answered.

    Attributes:
        card: The recording; None where there is none.
        canned: It was answered without one, and without the provider.
        miss: Why there is none, or "".
        scale: How long a recorded second lasts, in seconds.
        released: Set when the case lets go of what the provider left hanging.
        released_ns: When, or 0.
    """

    __slots__ = ("canned", "card", "miss", "released", "released_ns", "scale")

    def __init__(self, head: RequestHead, body: bytes, connection: int, received_ns: int) -> None:
        """Not yet answered."""
        super().__init__(head, body, connection, received_ns)
        self.card: PlayableInteraction | None = None
        self.canned = False
        self.miss = ""
        self.scale = 1.0
        self.released = asyncio.Event()
        self.released_ns = 0

    def at_provider(self, now_ns: int) -> Iterator[Attempt]:
        """The attempts at the provider that have been made by now.

        A request that wasn't recorded counts as one, as it is: whatever it would have come to, it was sent.
        """
        if self.card is None:
            if not self.canned:
                yield self.attempt()
            return
        own = self.attempt()
        for entry in self.card.entries:
            attempt = self._recorded(self.card, entry, own)
            if attempt.received_ns <= now_ns:
                yield _by(now_ns, attempt)

    def changes_ns(self) -> Iterator[int]:
        """When what `at_provider` says changes by itself."""
        if self.card is None:
            return
        own = self.attempt()
        for entry in self.card.entries:
            attempt = self._recorded(self.card, entry, own)
            yield from (attempt.received_ns, attempt.head_sent_ns, attempt.ended_ns, *(at for at, _ in attempt.sent))

    def _recorded(self, card: PlayableInteraction, entry: JournalEntry, own: Attempt) -> Attempt:
        """A recorded attempt, as if it had been made because of this request."""
        began_us = card.interaction.wire.at_us
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
        attempt.body = in_order_of(entry.body, own.body, card.interaction.request.body)
        # What the proxy sent to LiteLLM counts, too: nothing must leak that far.
        shown = [pair for pair in own.headers if pair[0] != "authorization" or entry.key != "backup"]
        attempt.headers += [pair for pair in shown if pair not in attempt.headers]
        attempt.connection = own.connection
        attempt.ended, attempt.ended_ns = self._ending(card, entry, attempt)
        return attempt

    def _ending(self, card: PlayableInteraction, entry: JournalEntry, attempt: Attempt) -> tuple[Ending, int]:
        """How the attempt ends: as recorded, unless that depends on the proxy or on the case."""
        left = self.ended == "hung-up"
        if card.interaction.wire.ended != "left":
            if left and not 0 < attempt.ended_ns <= self.ended_ns:  # it left before it did when recorded
                return "hung-up", self.ended_ns
        elif entry.ended == "hung-up":  # LiteLLM left because the proxy did
            return ("hung-up", self.ended_ns) if left else ("", 0)
        if entry.ended == "released" or not entry.ended:
            return ("released", self.released_ns) if self.released_ns else ("", 0)
        return attempt.ended, attempt.ended_ns


def _by(now_ns: int, attempt: Attempt) -> Attempt:
    """An attempt as it stood at that time."""
    over = 0 < attempt.ended_ns <= now_ns
    return replace(
        attempt,
        head_sent_ns=attempt.head_sent_ns if attempt.head_sent_ns <= now_ns else 0,
        sent=[(at_ns, size) for at_ns, size in attempt.sent if at_ns <= now_ns],
        ended=attempt.ended if over else "",
        ended_ns=attempt.ended_ns if over else 0,
    )
