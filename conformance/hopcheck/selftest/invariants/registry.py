"""Mutants of invariants: relays with one fault, each of which an invariant must find on certain operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hopcheck.authoring.mistakes import require_known
from hopcheck.authoring.mutants import RelayClass
from hopcheck.selftest.invariants.probes import PROBES
from hopcheck_server.relay import Relay


@dataclass(frozen=True)
class InvariantMutant:
    """A relay with one fault.

    Attributes:
        relay: The relay class; its docstring says what is wrong with it.
        invariant: The check that must find it.
        operations: On which operations.
        cause: By which cause, where that matters; "" for any.
    """

    relay: type[Relay]
    invariant: str
    operations: tuple[str, ...]
    cause: str = ""

    @property
    def name(self) -> str:
        """Unique, and fit for a URL."""
        return f"{self.invariant}.{self.relay.__name__}"


INVARIANT_MUTANTS: list[InvariantMutant] = []
"""Every mutant whose module has been imported."""


def invariant_mutant(invariant: str, *operations: str, cause: str = "") -> Callable[[RelayClass], RelayClass]:
    """Register a relay class as a mutant.

    Args:
        invariant: The check that must find it.
        operations: On which operations; the name of a probe each.
        cause: By which cause, where that matters.
    """
    for operation in operations:
        require_known(f"an operation of a mutant of {invariant}", operation, list(PROBES))

    def register(relay: RelayClass) -> RelayClass:
        INVARIANT_MUTANTS.append(InvariantMutant(relay, invariant, operations, cause))
        return relay

    return register
