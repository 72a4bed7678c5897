"""The table's columns: relays, right and wrong ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hopcheck.authoring.registry import Case, Mutant
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import HONEST_RELAYS

HEALTHY = "healthy"
"""The column of the relay as it is."""


@dataclass(frozen=True)
class Column:
    """A relay class, and what is known of it.

    Attributes:
        name: Unique, fit for a URL.
        relay: The class.
        honest: Nothing may be noticed on it.
        breaks: Pairs (case id, mutant) that it was registered for.
    """

    name: str
    relay: type[Relay]
    honest: bool = False
    breaks: tuple[tuple[str, Mutant], ...] = ()


def columns(cases: Iterable[Case]) -> list[Column]:
    """The healthy relay, the honest variants, and each mutant class once."""
    found: dict[type[Relay], list[tuple[str, Mutant]]] = {}
    for case in cases:
        for example in case.mutants:
            found.setdefault(example.relay, []).append((case.id, example))
    honest = [Column(HEALTHY, Relay, honest=True)]
    honest += [Column(_slug("variant", relay), relay, honest=True) for relay in HONEST_RELAYS]
    wrong = [Column(_slug(examples[0][0], relay), relay, breaks=tuple(examples)) for relay, examples in found.items()]
    return honest + wrong


def _slug(stem: str, relay: type[Relay]) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{stem}.{relay.__name__}")
