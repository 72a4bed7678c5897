"""Which of the relay's methods a case reaches, so that cells whose outcome is already known need not be run.

A mutant that overrides only methods which a case never reaches is, for that case, the healthy relay to the
letter: its cell is the healthy relay's. On a table of tens of thousands of cells that is about half of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.engine.case_run import run_case
from hopcheck.selftest.columns import url_part
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import Relay
from hopcheck_server.wire.tasks import bounded_map

Reach = dict[str, frozenset[str]]
"""Case key: the names that the relay's own code looked up on itself while the case ran."""


class Traced(Relay):
    """The healthy relay, noting every name that is looked up on it."""

    def __getattribute__(self, name: str) -> Any:
        """Note the name."""
        super().__getattribute__("__dict__").setdefault("_reached", set()).add(name)
        return super().__getattribute__(name)

    def reached(self) -> frozenset[str]:
        """The names that were looked up so far."""
        return frozenset(super().__getattribute__("__dict__").get("_reached", ()))


def overridden(relay: type[Relay]) -> frozenset[str]:
    """The relay's names that a class has of its own, or inherits from anything below the relay."""
    own: set[str] = set()
    for base in relay.__mro__[: relay.__mro__.index(Relay)]:
        own |= {name for name in vars(base) if name in dir(Relay) and (name == "__init__" or not name.startswith("__"))}
    return frozenset(own)


def touches(relay: type[Relay], case: Case, reach: Reach) -> bool:
    """Whether a relay class can behave otherwise than the healthy relay in a case. One with a set-up of its own can."""
    names = overridden(relay)
    return "__init__" in names or "declares" in names or bool(names & reach[case.key])


async def reach_of(cases: Sequence[Case], jobs: int) -> Reach:
    """Run every case on a traced relay of its own."""
    async with RelayHost({url_part(case.key): Traced for case in cases}, cases) as bench:

        async def trace(case: Case) -> tuple[str, frozenset[str]]:
            await run_case(case, bench.context(url_part(case.key)))
            relay = bench.relays[url_part(case.key)]
            assert isinstance(relay, Traced)
            return case.key, relay.reached()

        longest_first = sorted(cases, key=lambda case: not case.reads_clock)
        return dict(await bounded_map(trace, longest_first, jobs))
