"""Runs the probes on mutants of invariants and on honest relays, and says which of them were judged wrongly."""

from __future__ import annotations

from collections.abc import Sequence

from hopcheck.authoring.case import Case
from hopcheck.engine.case_run import run_case
from hopcheck.engine.verdict import Verdict
from hopcheck.selftest.invariants.probes import PROBES
from hopcheck.selftest.invariants.registry import InvariantMutant
from hopcheck.selftest.relay_host import RelayHost
from hopcheck.selftest.scoring import summary_of
from hopcheck_server.relay import Relay
from hopcheck_server.wire.tasks import bounded_map

JOBS = 8


async def survivors(mutants: Sequence[InvariantMutant], jobs: int = JOBS) -> list[str]:
    """The mutants that their invariant didn't find on an operation, in a sentence each."""
    tried = [(mutant, operation) for mutant in mutants for operation in mutant.operations]
    relays = {f"{mutant.name}.{operation}": mutant.relay for mutant, operation in tried}
    async with RelayHost(relays, PROBES.values()) as host:

        async def survived(trial: tuple[InvariantMutant, str]) -> str:
            mutant, operation = trial
            verdict = await run_case(PROBES[operation], host.context(f"{mutant.name}.{operation}"))
            found = is_found(verdict, mutant.invariant, operation, mutant.cause)
            return "" if found else f"{mutant.name} survived on {operation}"

        return list(filter(None, await bounded_map(survived, tried, jobs)))


def is_found(verdict: Verdict, invariant: str, operation: str, cause: str = "") -> bool:
    """Whether an invariant didn't hold on an operation: by that cause, or by any."""
    met = {one.cause for one in verdict.occurrences if (one.check, one.operation) == (invariant, operation)}
    return cause in met if cause else bool(met)


async def false_positives(relays: Sequence[type[Relay]], jobs: int = JOBS) -> list[str]:
    """The honest relays on which an invariant didn't hold, in a sentence each."""
    tried = [(relay, probe) for relay in relays for probe in PROBES.values()]
    async with RelayHost({relay.__name__: relay for relay in relays}, PROBES.values()) as host:

        async def wrong(trial: tuple[type[Relay], Case]) -> str:
            relay, probe = trial
            verdict = await run_case(probe, host.context(relay.__name__))
            return f"{probe.id} on {relay.__name__}: {summary_of(verdict)}" if verdict.occurrences else ""

        return list(filter(None, await bounded_map(wrong, tried, jobs)))
