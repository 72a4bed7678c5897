"""The columns of the mutation matrix: the healthy relay, the honest relays, and the mutants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hopcheck.authoring.mutants import Mutant
from hopcheck.authoring.registry import Case
from hopcheck.selftest.restriction import restricted
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import HONEST_RELAYS

HEALTHY = "healthy"
"""The name of the healthy relay's column."""


@dataclass(frozen=True)
class MatrixColumn:
    """A relay class, and what is expected of the cases that run on it.

    Attributes:
        name: Unique, and fit for a URL.
        relay: The class.
        honest: No case may fail on it.
        mutants: Pairs (case key, mutant) that the class was registered for.
        operation: The one operation on which it is wrong; "" where it is wrong wherever it is asked.
    """

    name: str
    relay: type[Relay]
    honest: bool = False
    mutants: tuple[tuple[str, Mutant], ...] = ()
    operation: str = ""


def columns_of(cases: Iterable[Case]) -> list[MatrixColumn]:
    """The healthy relay, the honest relays, and each mutant class once for each operation that it is restricted to."""
    found: dict[tuple[type[Relay], str], list[tuple[str, Mutant]]] = {}
    for case in cases:
        for mutant in case.mutants:
            if mutant.is_wrong_on(case.operation):
                found.setdefault((mutant.relay, _restriction(case, mutant)), []).append((case.key, mutant))
    honest = [MatrixColumn(HEALTHY, Relay, honest=True)]
    honest += [MatrixColumn(url_part(f"honest.{relay.__name__}"), relay, honest=True) for relay in HONEST_RELAYS]
    return honest + [_mutant_column(relay, operation, of) for (relay, operation), of in found.items()]


def _restriction(case: Case, mutant: Mutant) -> str:
    """Where a case is asked on several operations, a mutant of it is wrong on the one that is asked."""
    return case.operation if len(case.operations) > 1 and not mutant.everywhere else ""


def _mutant_column(relay: type[Relay], operation: str, of: Sequence[tuple[str, Mutant]]) -> MatrixColumn:
    stem = of[0][0].partition("[")[0]
    name = url_part(f"{stem}.{relay.__name__}{f'.{operation}' if operation else ''}")
    restricted_relay = restricted(relay, operation) if operation else relay
    return MatrixColumn(name, restricted_relay, mutants=tuple(of), operation=operation)


def url_part(text: str) -> str:
    """A text without what can't stand in a URL's path."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)
