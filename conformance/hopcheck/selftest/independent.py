"""Mutants that were written from a requirement's sentence alone, by somebody who had not read its case.

A case's own mutants show that each of its checks can fail. These show what else gets past it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from hopcheck.authoring.case import Case
from hopcheck.authoring.mistakes import require_known
from hopcheck.authoring.mutants import RelayClass, first_line, require_relay
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.case_run import run_case
from hopcheck.engine.scheduler import ChainPool, run_pools
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.selftest.columns import by_provider, url_part
from hopcheck.selftest.relay_host import RelayHost
from hopcheck.selftest.restriction import restricted
from hopcheck_server.relay import Relay

BATCH_SIZE = 60
"""How many relays stand on one upstream."""


@dataclass(frozen=True)
class IndependentMutant:
    """A relay that violates a requirement.

    Attributes:
        case_id: The case that states the requirement.
        relay: The relay class.
        on: The operations on which it is wrong, one at a time; empty for all that the case is asked on.
        everywhere: Whether it is wrong on all operations at once.
    """

    case_id: str
    relay: type[Relay]
    on: tuple[str, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True)
class IndependentTrial:
    """One of them on the case, on one operation.

    Attributes:
        mutant: The mutant.
        case: The case, with its operation.
        verdict: The case's verdict.
    """

    mutant: IndependentMutant
    case: Case
    verdict: Verdict

    @property
    def checks(self) -> list[str]:
        """The case's checks that failed."""
        return [*dict.fromkeys(one.check for one in self.verdict.failed)] if self.verdict.outcome in _JUDGED else []

    @property
    def causes(self) -> list[str]:
        """What must hold on every exchange, and didn't."""
        return [*dict.fromkeys(one.key for one in self.verdict.occurrences)]

    @property
    def killers(self) -> list[str]:
        """What found it: the case's checks, what must hold on every exchange, or that the case can't be asked."""
        found = [*self.checks, *self.causes]
        return [*found, f"untestable: {self.verdict.reason}"] if self.verdict.outcome is Outcome.UNTESTABLE else found

    @property
    def line(self) -> str:
        """What it is, in one line."""
        return f"{self.case.key}: {self.mutant.relay.__name__} ({first_line(self.mutant.relay)})"


_JUDGED = (Outcome.DEVIATES, Outcome.ADVISORY)

INDEPENDENT: list[IndependentMutant] = []
"""All of them whose files have been imported."""


def violates(
    case_id: str, *, on: str | Sequence[str] = (), everywhere: bool = False
) -> Callable[[RelayClass], RelayClass]:
    """Register a relay class that violates the requirement of a case.

    Args:
        case_id: The case.
        on: The operations on which it is wrong; all of the case's by default.
        everywhere: Whether it is wrong on all of them at once, as what it mixes up belongs to several requests.

    Raises:
        ValueError: The class is no relay, or has no docstring; or an operation is unknown.
    """
    operations = (on,) if isinstance(on, str) else tuple(on)
    for name in operations:
        require_known(f"an operation of a mutant of {case_id}", name, list(OPERATIONS))

    def register(relay: RelayClass) -> RelayClass:
        require_relay(relay)
        INDEPENDENT.append(IndependentMutant(case_id, relay, operations, everywhere))
        return relay

    return register


def trials_of(mutants: Iterable[IndependentMutant], cases: Mapping[str, Case]) -> list[tuple[IndependentMutant, Case]]:
    """Each mutant with its case, once for each operation on which it is wrong; one that translates, for each provider.

    Raises:
        ValueError: There is no such case.
    """
    pairs = []
    for mutant in mutants:
        require_known("the case of a mutant", mutant.case_id, list(cases))
        case = cases[mutant.case_id]
        asked = [one for one in case.on_each() if not mutant.on or one.operation in mutant.on]
        pairs += [(replace(mutant, relay=relay), one) for relay in by_provider(mutant.relay) for one in asked]
    return pairs


async def run_trials(pairs: Sequence[tuple[IndependentMutant, Case]], jobs: int) -> AsyncIterator[IndependentTrial]:
    """Run each case on a relay of its mutant's own."""
    for start in range(0, len(pairs), BATCH_SIZE):
        batch = {f"{number}.{_name(*pair)}": pair for number, pair in enumerate(pairs[start : start + BATCH_SIZE])}
        relays = {name: _relay(*pair) for name, pair in batch.items()}
        async with RelayHost(relays, [case for _, case in batch.values()]) as host:
            work = partial(_run_one, host, batch)
            async with aclosing(run_pools([ChainPool([[name] for name in batch], jobs)], work)) as made:
                async for trial in made:
                    yield trial


async def _run_one(host: RelayHost, batch: Mapping[str, tuple[IndependentMutant, Case]], name: str) -> IndependentTrial:
    mutant, case = batch[name]
    return IndependentTrial(mutant, case, await run_case(case, host.context(name)))


def _relay(mutant: IndependentMutant, case: Case) -> type[Relay]:
    alone = mutant.everywhere or len(case.operations) == 1
    return mutant.relay if alone else restricted(mutant.relay, case.operation)


def _name(mutant: IndependentMutant, case: Case) -> str:
    return url_part(f"{mutant.relay.__name__}.{case.key}")
