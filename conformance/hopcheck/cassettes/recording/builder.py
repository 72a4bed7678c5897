"""Builds the parts of cassettes: exchanges and attempts become scrubbed interactions and entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hopcheck.cassettes.journal_entry import Frame, JournalEntry, Pairs
from hopcheck.cassettes.model import Interaction, RecordedDelivery, RecordedRequest, RecordedResponse
from hopcheck.cassettes.recording.exchanges import RecordedExchange
from hopcheck.cassettes.secrets import headers
from hopcheck.cassettes.secrets.scrub import Scrub
from hopcheck.engine.verdict import Verdict
from hopcheck_server.upstream.journal.attempt import Attempt


@dataclass(frozen=True, slots=True)
class CassetteBuilder:
    """Builds the parts of one cassette.

    Attributes:
        began_ns: When the case began, CLOCK_MONOTONIC.
        origin: Scheme and authority that requests are written with.
        scrub: Removes secrets and ids from texts.
        roles: The journal's name of each credential.
    """

    began_ns: int
    origin: str
    scrub: Scrub
    roles: Mapping[str, str]

    def interactions(self, exchanges: Iterable[RecordedExchange]) -> tuple[Interaction, ...]:
        """The interactions of some exchanges, in the order of their requests."""
        ordered = sorted(exchanges, key=lambda one: one.asked_ns or one.began_ns)
        for one in ordered:
            self.scrub.leave(bytes(one.request_body))
            self.scrub.learn(headers.credentials(one.request_headers))
        return tuple(map(self._interaction, ordered))

    def entries(self, attempts: Iterable[Attempt]) -> tuple[JournalEntry, ...]:
        """The journal entries of some attempts, in the order of their arrival."""
        ordered = sorted(attempts, key=lambda one: one.received_ns)
        numbers: dict[int, int] = {}
        for attempt in ordered:
            numbers.setdefault(attempt.connection, len(numbers) + 1)
        return tuple(self._entry(one, numbers[one.connection]) for one in ordered)

    def _interaction(self, one: RecordedExchange) -> Interaction:
        asked_ns = one.asked_ns or one.began_ns
        body, _ = self.scrub.body(bytes(one.request_body))
        named = self._pairs(one.request_headers, headers.REQUEST, len(body))
        request = RecordedRequest(one.method, self.origin + self.scrub.text(one.target), named, body)
        answer, sizes = self.scrub.body(bytes(one.body), [size for _, size in one.frames])
        frames = tuple(Frame(_us(at, asked_ns), size) for (at, _), size in zip(one.frames, sizes, strict=True))
        ended = one.ended or "left"
        delivery = RecordedDelivery(
            _us(asked_ns, self.began_ns),
            _us(one.head_ns, asked_ns) if one.head_ns else None,
            one.framing,
            ended,
            _us(one.ended_ns, asked_ns),
            frames,
        )
        if not one.head_ns:
            return Interaction(request, None, delivery)
        length = len(answer) if ended == "complete" and one.framing == "length" else None
        response = RecordedResponse(
            one.status, self.scrub.text(one.reason), self._pairs(one.headers, headers.RESPONSE, length), answer
        )
        return Interaction(request, response, delivery, "*" if is_lookup(one) else 1)

    def _entry(self, one: Attempt, connection: int) -> JournalEntry:
        body, _ = self.scrub.body(one.body)
        sent = tuple(Frame(_us(at, one.received_ns), size) for at, size in one.sent)
        return JournalEntry(
            number=one.number,
            method=one.method,
            path=self.scrub.text(one.path),
            headers=self._pairs(one.headers, headers.JOURNAL, len(body)),
            key=self.roles.get(one.key, "other") if one.key else "",
            body=body,
            connection=connection,
            at_us=_us(one.received_ns, self.began_ns),
            head_us=_us(one.head_sent_ns, one.received_ns) if one.head_sent_ns else None,
            sent=sent,
            ended=one.ended,
            ended_us=_us(one.ended_ns, one.received_ns) if one.ended_ns else None,
        )

    def _pairs(self, given: Iterable[tuple[str, str]], allowed: frozenset[str], length: int | None) -> Pairs:
        """The header fields that a cassette keeps; a Content-Length is that of the scrubbed body."""
        pairs = headers.kept(given, allowed)
        return tuple(
            (name, str(length) if name.lower() == "content-length" and length is not None else self.scrub.text(value))
            for name, value in pairs
        )


def causes_met(verdict: Verdict) -> tuple[str, ...]:
    """What did not hold on a case's exchanges, each cause once."""
    return tuple(sorted({occurrence.key for occurrence in verdict.occurrences}))


def held(verdict: Verdict) -> dict[str, bool]:
    """Whether each check of a verdict held, by its name."""
    found: dict[str, bool] = {}
    for finding in verdict.findings:
        found[finding.check] = found.get(finding.check, True) and finding.ok
    return found


def is_lookup(one: RecordedExchange) -> bool:
    """Whether it may be played any number of times: it changes nothing, and proxies send such requests at any time."""
    return one.method in ("GET", "HEAD") and not one.request_body


def _us(at_ns: int, since_ns: int) -> int:
    return max(0, round((at_ns - since_ns) / 1000))
