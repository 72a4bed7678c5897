"""What an invariant is given, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Level
from hopcheck.client import Target
from hopcheck.client.config import TargetConfig
from hopcheck.engine.exchanges.exchange import Exchange
from hopcheck.engine.exchanges.forecast import Forecast


class Complaint(NamedTuple):
    """One thing that doesn't hold.

    Attributes:
        cause: What is wrong, without its varying parts.
        detail: What was seen, for people.
        level: How binding it is.
    """

    cause: str
    detail: str = ""
    level: Level = Level.MUST


@dataclass
class RunKnowledge:
    """What a run learns of its target, exchange by exchange.

    Attributes:
        left_out: Invariants that this run can't judge.
        provider_keys: Credentials that arrived at the upstream.
        provider_hosts: Under which addresses the target knows the upstream.
        ids: Ids of requests and responses, each with the exchange that it was met in.
        provider_ids: Ids that the upstream gave to its responses, each with the marker of the request.
        provider_id_by_own: The upstream's id of a response, by the one that the target gave it.
        passed: When requests arrived at the upstream, CLOCK_MONOTONIC ns, by the model that their clients named.
        has_clock: Whether the times of both sides are of one clock.
    """

    left_out: frozenset[str] = frozenset()
    provider_keys: set[str] = field(default_factory=set)
    provider_hosts: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)
    provider_ids: dict[str, str] = field(default_factory=dict)
    provider_id_by_own: dict[str, str] = field(default_factory=dict)
    passed: dict[str, list[int]] = field(default_factory=dict)
    has_clock: bool = True


@dataclass(frozen=True)
class Judged:
    """An exchange that is judged, and what must be known of it.

    Attributes:
        exchange: What crossed the wire.
        forecast: What is due.
        case: The case that asked.
        target: The target, as the case had it.
        known: What the run has learnt so far.
        is_two_sided: Whether the upstream is ours.
    """

    exchange: Exchange
    forecast: Forecast
    case: Case
    target: Target
    known: RunKnowledge
    is_two_sided: bool = True

    @property
    def is_verbatim(self) -> bool:
        """Whether the client got a success of the provider's to the byte: then nothing of its body is the target's."""
        given = self.exchange.given[-1] if self.exchange.given else None
        return self.forecast is Forecast.CLEAN and given is not None and given.body == self.exchange.answer.body

    @property
    def config(self) -> TargetConfig:
        """The target's description."""
        return self.target.config


class JudgedInvariant(NamedTuple):
    """An invariant.

    Attributes:
        name: Its check.
        on: The classes of the forecast on which it is held.
        judge: Yields what doesn't hold on an exchange.
        operations: The operations on which it is held; empty for all.
    """

    name: str
    on: frozenset[Forecast]
    judge: Callable[[Judged], Iterator[Complaint]]
    operations: frozenset[str] = frozenset()

    def applies(self, judged: Judged) -> bool:
        """Whether an exchange is held to it."""
        is_asked = not self.operations or judged.exchange.operation in self.operations
        return is_asked and judged.forecast in self.on and self.name not in judged.known.left_out
