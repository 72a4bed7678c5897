"""The open loop: each request is let go when it is due, whatever became of those before it.

Nothing is ever skipped. If the generator itself is held up, what was due meanwhile goes as soon as it can, and its
latency still counts from when it was due; how late it went is kept beside it, so that nobody takes one for the other.
Clock, waiting and starting are given to it: it knows neither gevent nor HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hopcheck_load.measurement.schedule import PlannedArrival

IN_FLIGHT = 2_000
"""So many requests of one process may be unanswered; those that are due beyond that fail without being sent, and are
counted: an open loop without a bound ends by running out of sockets, and then measures that."""

YIELD_AFTER = 8
"""So many overdue requests are started in one go, before those that were started get their turn."""


@dataclass
class Dispatcher:
    """Lets requests go.

    Attributes:
        clock: Nanoseconds of CLOCK_MONOTONIC.
        wait_until: Comes back at that time; others run meanwhile.
        start: Begins an exchange, and comes back at once: (arrival, when it was due in nanoseconds).
        refuse: Notes one that can't be begun.
        in_flight: How many are unanswered; whoever ends one takes it off.
        most: See `IN_FLIGHT`.
    """

    clock: Callable[[], int]
    wait_until: Callable[[int], None]
    start: Callable[[PlannedArrival, int], None]
    refuse: Callable[[PlannedArrival, int], None]
    in_flight: int = 0
    most: int = IN_FLIGHT

    def run(self, arrivals: Iterable[PlannedArrival], begin_ns: int) -> None:
        """Let all of them go; `begin_ns` is the time from which they count."""
        overdue = 0
        for arrival in arrivals:
            due_ns = begin_ns + round(arrival.due_s * 1e9)
            if due_ns > self.clock():
                overdue = 0
                self.wait_until(due_ns)
            else:
                overdue += 1
                if overdue % YIELD_AFTER == 0:
                    self.wait_until(self.clock())
            self._let_go(arrival, due_ns)

    def _let_go(self, arrival: PlannedArrival, due_ns: int) -> None:
        if self.in_flight >= self.most:
            self.refuse(arrival, due_ns)
            return
        self.in_flight += 1
        self.start(arrival, due_ns)
