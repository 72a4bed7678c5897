"""The columns of the mutation matrix: the healthy relay, the honest relays, and the mutants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hopcheck.authoring.mutants import Mutant
from hopcheck.authoring.registry import Case
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
        mutants: Pairs (case id, mutant) that the class was registered for.
    """

    name: str
    relay: type[Relay]
    honest: bool = False
    mutants: tuple[tuple[str, Mutant], ...] = ()


def columns_of(cases: Iterable[Case]) -> list[MatrixColumn]:
    """The healthy relay, the honest relays, and each mutant class once."""
    found: dict[type[Relay], list[tuple[str, Mutant]]] = {}
    for case in cases:
        for mutant in case.mutants:
            found.setdefault(mutant.relay, []).append((case.id, mutant))
    honest = [MatrixColumn(HEALTHY, Relay, honest=True)]
    honest += [MatrixColumn(_slug("honest", relay), relay, honest=True) for relay in HONEST_RELAYS]
    wrong = [MatrixColumn(_slug(of[0][0], relay), relay, mutants=tuple(of)) for relay, of in found.items()]
    return honest + wrong


def _slug(stem: str, relay: type[Relay]) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{stem}.{relay.__name__}")
