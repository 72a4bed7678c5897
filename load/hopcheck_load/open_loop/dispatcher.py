"""The open loop: each request is dispatched when it is due, whether earlier ones have been answered or not.

No request is skipped. If the generator is held up, overdue requests are dispatched as soon as possible, and their
latency still counts from when they were due; the delay of the dispatch is recorded separately, so that it can't be
mistaken for the hop's. The dispatcher is given a clock, and functions that wait and start: it knows neither gevent nor
HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hopcheck_load.measurement.schedule import PlannedArrival

MAX_IN_FLIGHT = 2_000
"""The most unanswered requests of one process. A request that is due beyond that fails without being sent, and is
counted: an open loop without a bound runs out of sockets in the end, and then measures that."""

MAX_STARTED_AT_ONCE = 8
"""The most overdue requests that are started before the greenlets of those requests run."""


@dataclass
class Dispatcher:
    """Dispatches requests.

    Attributes:
        clock: Returns nanoseconds of CLOCK_MONOTONIC.
        wait_until: Returns at a time (in nanoseconds), while other greenlets run.
        start: Starts an exchange, and returns at once: (arrival, when it was due in nanoseconds).
        refuse: Records a request that isn't sent: (arrival, when it was due in nanoseconds).
        in_flight: The number of unanswered requests; the code that ends an exchange decrements it.
        max_in_flight: See `MAX_IN_FLIGHT`.
    """

    clock: Callable[[], int]
    wait_until: Callable[[int], None]
    start: Callable[[PlannedArrival, int], None]
    refuse: Callable[[PlannedArrival, int], None]
    in_flight: int = 0
    max_in_flight: int = MAX_IN_FLIGHT

    def run(self, arrivals: Iterable[PlannedArrival], begin_ns: int) -> None:
        """Dispatch all requests; `begin_ns` is the time at which the schedule begins."""
        overdue = 0
        for arrival in arrivals:
            due_ns = begin_ns + round(arrival.due_s * 1e9)
            if due_ns > self.clock():
                overdue = 0
                self.wait_until(due_ns)
            else:
                overdue += 1
                if overdue % MAX_STARTED_AT_ONCE == 0:
                    self.wait_until(self.clock())
            self._dispatch(arrival, due_ns)

    def _dispatch(self, arrival: PlannedArrival, due_ns: int) -> None:
        if self.in_flight >= self.max_in_flight:
            self.refuse(arrival, due_ns)
            return
        self.in_flight += 1
        self.start(arrival, due_ns)
