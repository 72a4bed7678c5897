"""The columns of the mutation matrix: the healthy relay, the honest relays, and the mutants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hopcheck.authoring.case import Case
from hopcheck.authoring.mutants import Mutant
from hopcheck.client.operations import OPERATIONS
from hopcheck.selftest.restriction import restricted
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import HONEST_RELAYS
from hopcheck_server.relay.honest.combinations import ALONE, COMBINATIONS, TRANSLATED_COMBINATIONS
from hopcheck_server.relay.honest.translations import HONEST_TRANSLATIONS
from hopcheck_server.relay.translating import TranslatingRelay, speaking

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

    @property
    def fault(self) -> type[Relay]:
        """The class that is wrong wherever it is asked."""
        return self.relay.__bases__[0] if self.operation else self.relay

    @property
    def provider(self) -> str:
        """The provider that it stands in front of; "" for one that speaks OpenAI's dialect."""
        return self.relay.provider


def columns_of(cases: Iterable[Case], *, combined: bool = False) -> list[MatrixColumn]:
    """The healthy relay, the honest relays, and each mutant class once for each operation that it is restricted to.

    A relay that translates is a column for each provider that it can stand in front of.

    Args:
        cases: Those whose mutants have columns.
        combined: Whether honest relays that go together share a column.
    """
    found: dict[tuple[type[Relay], str], list[tuple[str, Mutant]]] = {}
    for case in cases:
        for mutant in case.mutants:
            if mutant.is_wrong_on(case.operation):
                found.setdefault((mutant.relay, _restriction(case, mutant)), []).append((case.key, mutant))
    honest = [MatrixColumn(HEALTHY, Relay, honest=True), *honest_columns(combined=combined)]
    return honest + [
        _mutant_column(one, operation, of) for (relay, operation), of in found.items() for one in by_provider(relay)
    ]


def honest_columns(*, combined: bool) -> list[MatrixColumn]:
    """The columns of the honest relays: one each, or one for those that go together."""
    plain = (*COMBINATIONS, *ALONE) if combined else HONEST_RELAYS
    translating = TRANSLATED_COMBINATIONS if combined else HONEST_TRANSLATIONS
    relays = [*plain, *(one for translation in translating for one in by_provider(translation))]
    return [
        MatrixColumn(url_part(".".join(filter(None, ("honest", one.__name__, one.provider)))), one, honest=True)
        for one in relays
    ]


def by_provider(relay: type[Relay]) -> list[type[Relay]]:
    """A relay class in front of each of its providers; one that doesn't translate has one."""
    if not issubclass(relay, TranslatingRelay):
        return [relay]
    return [speaking(relay, provider) for provider in relay.providers]


def _restriction(case: Case, mutant: Mutant) -> str:
    """Where a case is asked on several operations, or on another surface, a mutant is wrong on that one."""
    is_alone = len(case.operations) == 1 and OPERATIONS[case.operation].surface == "openai"
    return "" if is_alone or mutant.everywhere else case.operation


def _mutant_column(relay: type[Relay], operation: str, of: Sequence[tuple[str, Mutant]]) -> MatrixColumn:
    stem = of[0][0].partition("[")[0]
    words = [stem, relay.__name__, relay.provider, operation]
    name = url_part(".".join(filter(None, words)))
    restricted_relay = restricted(relay, operation) if operation else relay
    return MatrixColumn(name, restricted_relay, mutants=tuple(of), operation=operation)


def url_part(text: str) -> str:
    """A text without what can't stand in a URL's path."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)
