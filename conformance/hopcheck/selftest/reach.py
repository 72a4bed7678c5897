"""Which of the relay's methods a case reaches, so that cells whose outcome is already known need not be run.

A mutant that overrides only methods which a case never reaches is, for that case, the healthy relay to the letter: its
cell is the healthy relay's. So is one that is wrong on an operation alone, where a case never asks for that. On a table
of a million cells, that is most of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.client.operations import OTHER
from hopcheck.engine.case_run import run_case
from hopcheck.selftest.columns import url_part
from hopcheck.selftest.relay_host import RelayHost
from hopcheck.selftest.restriction import operation_asked
from hopcheck_server.relay import Relay
from hopcheck_server.wire.server import ServerExchange
from hopcheck_server.wire.tasks import bounded_map

ALWAYS = ""
"""The place of what the relay does while it answers nothing: it is set up, and notices that clients have left."""

Reached = Mapping[str, frozenset[str]]
"""The names that the relay's own code looked up on itself, by the operation that was being answered."""

Reach = dict[str, Reached]
"""What each case reaches, by its key."""

_NAMES = frozenset(dir(Relay))

_ASKED: ContextVar[str] = ContextVar("the operation that is being answered", default=ALWAYS)


class Traced(Relay):
    """The healthy relay, noting every name that is looked up on it."""

    def __getattribute__(self, name: str) -> Any:
        """Note the name."""
        noted = super().__getattribute__("__dict__").setdefault("_reached", defaultdict(set))
        noted[_ASKED.get()].add(name)
        return super().__getattribute__(name)

    async def serve(self, exchange: ServerExchange, prefix: str = "") -> None:
        """Note what is asked."""
        _ASKED.set(operation_asked(exchange, prefix))
        await super().serve(exchange, prefix)

    def reached(self) -> Reached:
        """The names that were looked up so far."""
        noted = super().__getattribute__("__dict__").get("_reached", {})
        return {operation: frozenset(names) for operation, names in noted.items()}


def overridden(relay: type[Relay]) -> frozenset[str]:
    """The relay's names that a class has of its own, or inherits from anything below the relay."""
    below = relay.__mro__[: relay.__mro__.index(Relay)]
    own = {name for base in below for name in vars(base) if name == "__init__" or not name.startswith("__")}
    return frozenset(own & _NAMES)


def touches(relay: type[Relay], reached: Reached, operation: str = "") -> bool:
    """Whether a relay class can behave otherwise than the healthy relay in a case.

    One that declares something of its own can; so can one with a set-up of its own, wherever it is wrong.

    Args:
        relay: The class.
        reached: What the case reaches.
        operation: The one on which the class is wrong; "" where it is wrong wherever it is asked.
    """
    names = overridden(relay)
    wrong_on = {operation, OTHER} if operation else reached.keys() - {ALWAYS}
    found = [reached[one] for one in wrong_on if one in reached]
    if "declares" in names:
        return True
    if not found:
        return False
    return "__init__" in names or not names.isdisjoint(frozenset().union(*found, reached.get(ALWAYS, ())))


def together(*all_reached: Reached) -> Reached:
    """What is reached in any of several runs."""
    operations = {operation for reached in all_reached for operation in reached}
    return {one: frozenset().union(*(reached.get(one, ()) for reached in all_reached)) for one in operations}


async def reach_of(cases: Sequence[Case], jobs: int) -> Reach:
    """Run every case on a traced relay of its own."""
    async with RelayHost({url_part(case.key): Traced for case in cases}, cases) as bench:

        async def trace(case: Case) -> tuple[str, Reached]:
            await run_case(case, bench.context(url_part(case.key)))
            relay = bench.relays[url_part(case.key)]
            assert isinstance(relay, Traced)
            return case.key, relay.reached()

        longest_first = sorted(cases, key=lambda case: not case.reads_clock)
        return dict(await bounded_map(trace, longest_first, jobs))
