"""Causes: what did not hold on some exchange, counted once for the run however many cases met it.

What must hold on every exchange is judged on every exchange of every case, and is a verdict of its own: a case is red
for its own requirement alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from hopcheck.authoring.findings import Level
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.report.cause_sentences import sentence_of

EXAMPLES_KEPT = 3
"""Examples of a cause that a report shows with their wire logs."""

CATEGORIES = ("security", "data loss", "correctness", "compatibility")
"""In the order in which causes are shown."""


class Invariant(NamedTuple):
    """Something that must hold on every exchange.

    Attributes:
        requirement: In one sentence.
        category: One of `CATEGORIES`, for what is a MUST.
        sentence: The beginning of what reports say of a cause; the cause follows.
    """

    requirement: str
    category: str
    sentence: str


INVARIANTS: Mapping[str, Invariant] = {
    "contract.response": Invariant(
        "Every response keeps the API's contract, errors included.", "correctness", "Responses break the API's contract"
    ),
    "contract.event": Invariant(
        "Every event of a stream keeps the API's contract.", "correctness", "Stream events break the API's contract"
    ),
    "contract.upstream-request": Invariant(
        "Every request that reaches the provider keeps the API's contract.",
        "data loss",
        "Requests to the provider break the API's contract",
    ),
    "declared-limit": Invariant("A declared rate limit is enforced.", "security", "The declared limit isn't enforced"),
    "acceptance": Invariant(
        "A request that is valid at the provider isn't refused.", "correctness", "A valid request is refused"
    ),
    "request-fidelity": Invariant(
        "A request reaches the provider as the client sent it.",
        "data loss",
        "Requests don't reach the provider as they were sent",
    ),
    "response-fidelity": Invariant(
        "A provider's success reaches the client as it was given.",
        "data loss",
        "Responses don't reach the client as they were given",
    ),
    "stream-grammar": Invariant(
        "Every stream keeps the grammar of its surface.", "correctness", "Streams break their grammar"
    ),
    "attempts": Invariant(
        "The provider is asked once for a success, and as often as declared otherwise.",
        "correctness",
        "The provider is asked too often",
    ),
    "secrets": Invariant("No response shows a key, in any form.", "security", "Responses show keys"),
    "credentials": Invariant(
        "Each attempt carries the credential of its route, and nothing of the client's.",
        "security",
        "Requests to the provider carry the wrong credentials",
    ),
    "internals": Invariant(
        "No response shows the provider's address, a file, a stack trace or a price.",
        "security",
        "Responses show what is inside",
    ),
    "error-shape": Invariant(
        "A provider's error reaches the client as an error, in the surface's shape.",
        "correctness",
        "Errors don't reach the client as they ought to",
    ),
    "retry-after": Invariant(
        "A provider's Retry-After reaches the client with its error.",
        "correctness",
        "Clients don't learn when to come back",
    ),
    "unprovoked": Invariant(
        "A healthy request gets no 429 and no 5xx of the target's own.",
        "correctness",
        "Healthy requests fail",
    ),
    "http": Invariant("Every message keeps the rules of HTTP.", "correctness", "Messages break the rules of HTTP"),
    "identity": Invariant(
        "Ids of requests and responses never repeat, and no response is another request's.",
        "security",
        "Responses are mixed up",
    ),
    "cleanup": Invariant(
        "When a request is over, so are its attempts.", "correctness", "Attempts outlive their requests"
    ),
}
"""By check."""


@dataclass
class Cause:
    """A cause, and where it was met.

    Attributes:
        check: What did not hold.
        cause: What was wrong, without its varying parts.
        level: How binding it is.
        operations: How often it was met, by operation.
        cases: Ids of the cases that met it, in the order of the verdicts.
        examples: Verdicts with the occurrence that each is an example of.
    """

    check: str
    cause: str
    level: Level
    operations: Counter[str] = field(default_factory=Counter)
    cases: dict[str, None] = field(default_factory=dict)
    examples: list[tuple[Verdict, Occurrence]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How often it was met."""
        return self.operations.total()

    @property
    def key(self) -> str:
        """Check and cause as one text."""
        return f"{self.check}: {self.cause}"

    @property
    def outcome(self) -> Outcome:
        """Deviates for a MUST, else advisory."""
        return Outcome.DEVIATES if self.level is Level.MUST else Outcome.ADVISORY

    @property
    def category(self) -> str:
        """One of `CATEGORIES`; what is less than a MUST is a matter of compatibility."""
        return INVARIANTS[self.check].category if self.level is Level.MUST else CATEGORIES[-1]

    @property
    def sentence(self) -> str:
        """The cause as a whole sentence."""
        return sentence_of(self.check, INVARIANTS[self.check].sentence, self.cause)

    def add(self, verdict: Verdict, occurrence: Occurrence) -> None:
        """Count an occurrence, and keep it as an example if its case and operation are new ones."""
        self.operations[occurrence.operation] += 1
        self.cases[verdict.key] = None
        self.examples.append((verdict, occurrence))


def causes_of(verdicts: Iterable[Verdict]) -> list[Cause]:
    """The causes of a run, those that matter most first."""
    found: dict[str, Cause] = {}
    for verdict in verdicts:
        for one in verdict.occurrences:
            found.setdefault(one.key, Cause(one.check, one.cause, one.level)).add(verdict, one)
    for cause in found.values():
        cause.examples = list(islice(_telling(cause.examples), EXAMPLES_KEPT))
    return sorted(found.values(), key=lambda one: (CATEGORIES.index(one.category), -one.count, one.key))


def _telling(examples: Sequence[tuple[Verdict, Occurrence]]) -> Iterator[tuple[Verdict, Occurrence]]:
    """The examples, one of each operation first, then one of each case."""
    shown: set[tuple[str, str]] = set()
    operations: set[str] = set()
    for verdict, occurrence in examples:
        if occurrence.operation not in operations:
            operations.add(occurrence.operation)
            shown.add((verdict.key, occurrence.operation))
            yield verdict, occurrence
    for verdict, occurrence in examples:
        if (verdict.key, occurrence.operation) not in shown:
            shown.add((verdict.key, occurrence.operation))
            yield verdict, occurrence


def judged(verdicts: Iterable[Verdict]) -> dict[str, Counter[str]]:
    """How many messages were judged, by check and operation."""
    counted: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        for (check, operation), count in verdict.judged.items():
            counted.setdefault(check, Counter())[operation] += count
    return counted
