"""A fault, and relays that are made of several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hopcheck.engine.verdict import FAILING, Outcome, Verdict
from hopcheck_server.relay import Relay

NAMING = FAILING | {Outcome.ADVISORY}
"""Outcomes of cases that a report shows as failures, or as advice."""


@dataclass(frozen=True)
class Fault:
    """One fault of a relay.

    Attributes:
        relay: A relay class that has it alone; classes of several faults compose by inheritance.
        named_by: A pattern of the lines (see `lines_of`) that are about it.
    """

    relay: type[Relay]
    named_by: re.Pattern[str]

    @property
    def story(self) -> str:
        """What is wrong."""
        return (self.relay.__doc__ or "").strip().splitlines()[0]

    def named_in(self, lines: Iterable[str]) -> str:
        """The first line that names it; "" if none does."""
        return next((line for line in lines if self.named_by.search(line)), "")


class Faults(list[Fault]):
    """The faults of one relay."""

    def fault(self, named_by: str) -> Callable[[type[Relay]], type[Relay]]:
        """Register a relay class as one of them."""

        def register(relay: type[Relay]) -> type[Relay]:
            self.append(Fault(relay, re.compile(named_by)))
            return relay

        return register

    def relay(self) -> type[Relay]:
        """A relay with all of them."""
        return type("HasAllFaults", tuple(one.relay for one in self), {"__doc__": "Ten faults at once."})


def lines_of(verdicts: Sequence[Verdict]) -> list[str]:
    """What a report says: `case[operation]: check` for each check that failed, `check[operation]: cause` for causes."""
    lines: dict[str, None] = {}
    for verdict in verdicts:
        if verdict.outcome in NAMING:
            lines |= dict.fromkeys(f"{verdict.key}: {finding.check}" for finding in verdict.failed)
        lines |= dict.fromkeys(f"{one.check}[{one.operation}]: {one.cause}" for one in verdict.occurrences)
    return sorted(lines)
