"""Sends the requests that are due, over connections that are kept open: the client of the measurement at rest.

In a Locust process `socket` is gevent's, so that the same blocking code lets other greenlets run while it waits. The
bytes of every request but its nonce are built before the run, so that they cost nothing when the request is due.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection
from hopcheck_load.measurement.exchange import record_response, request_bytes
from hopcheck_load.measurement.load_plan import LoadPlan, script_names
from hopcheck_load.measurement.profiles import LOAD_WORKLOADS, Stage
from hopcheck_load.measurement.records import INTERRUPTED, Arm, Record
from hopcheck_load.measurement.schedule import PlannedArrival
from hopcheck_load.measurement.stamps import quick_timeline
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.workloads import Timing, Workload
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

NOT_SENT = "not sent: too many requests are unanswered"
CUT_OFF = "unanswered when the run ended"

_NONCE_CHARACTERS = 18  # those of the run, the worker, and the request's number


@dataclass(frozen=True, slots=True)
class _Message:
    """A request in two parts around its marker, whose nonce is a placeholder."""

    before: bytes
    marker: Marker
    after: bytes

    def bytes(self, nonce: str) -> tuple[str, bytes]:
        """Return (marker, request) with a nonce."""
        marker = str(self.marker.with_nonce(nonce))
        return marker, b"".join((self.before, marker.encode(), self.after))


def _messages(plan: LoadPlan, stage: Stage, arm: Arm, timing: Timing) -> list[list[_Message]]:
    """Return the requests of a stage through an arm: for each length of its prompts, one for each of its scripts."""
    workload, scripts = LOAD_WORKLOADS[stage.workload], script_names(stage, arm, timing)
    model, lengths = plan.model(stage, arm), range(len(workload.lengths))
    return [[_message(workload, number, script, arm, model) for script in scripts] for number in lengths]


def _message(workload: Workload, number: int, script: str, arm: Arm, model: str) -> _Message:
    marker = Marker.make(script, workload.operation, "0" * _NONCE_CHARACTERS)
    body = workload.body(model, str(marker), number)
    message = request_bytes(Origin.of(arm.url), arm, SURFACES[workload.surface], body)
    before, _, after = message.partition(str(marker).encode())
    return _Message(before, marker, after)


class Requester:
    """Makes exchanges, each to its end.

    Attributes:
        done: Is called with the record of each exchange.
        interrupted: Whether requests that are cut off now are so by a signal, and not because they took too long.
    """

    def __init__(self, plan: LoadPlan, worker: int, done: Callable[[Record], None]) -> None:
        """Build all requests."""
        self.done, self.interrupted = done, False
        self._stages, self._arms, self._worker = plan.stages, plan.arms, worker
        self._workloads = [LOAD_WORKLOADS[stage.workload] for stage in plan.stages]
        timing = Timing(plan.delay_s, plan.seed)
        self._messages = {
            (stage_index, arm_index): _messages(plan, stage, arm, timing)
            for stage_index, stage in enumerate(plan.stages)
            for arm_index, arm in enumerate(plan.arms)
        }
        self._prefix = f"{plan.prefix:0<8}{worker:02d}"
        self._number = 0
        self._draw = random.Random(f"{plan.seed}:{worker}:delays")  # noqa: S311 - nothing secret
        self._origins = [Origin.of(arm.url) for arm in plan.arms]
        self._idle: list[deque[MeasuringConnection]] = [deque() for _ in plan.arms]

    def request(self, arrival: PlannedArrival, due_ns: int) -> None:
        """Send a request and read the response; `done` gets a record of it, whatever happens."""
        record, message = self._begin(arrival, due_ns)
        record.dispatched_ns = monotonic_ns()
        connection = self._take_connection(arrival.arm)
        try:
            opened = connection.opened
            connection.connect()
            record.fresh = connection.opened > opened
            response = connection.exchange(message)
        except ExchangeFailed as failed:
            record.failure = str(failed)
            record.done_ns = monotonic_ns()
        except BaseException as ended:  # the run has ended; a signal's exception comes up in whichever greenlet runs
            interrupted = self.interrupted or isinstance(ended, KeyboardInterrupt)
            record.failure = INTERRUPTED if interrupted else CUT_OFF
            connection.close()
            raise
        else:
            key, workload = self._arms[arrival.arm].key, self._workloads[arrival.stage]
            record_response(record, response, key=key, workload=workload, read_timeline=quick_timeline)
            self._idle[arrival.arm].append(connection)
        finally:
            self.done(record)

    def refuse(self, arrival: PlannedArrival, due_ns: int) -> None:
        """Record a request that isn't sent at all."""
        record, _ = self._begin(arrival, due_ns)
        record.failure, record.done_ns = NOT_SENT, due_ns
        self.done(record)

    def _begin(self, arrival: PlannedArrival, due_ns: int) -> tuple[Record, bytes]:
        by_length = self._messages[arrival.stage, arrival.arm]
        messages = by_length[arrival.number % len(by_length)]
        message = messages[0] if len(messages) == 1 else self._draw.choice(messages)
        self._number += 1
        marker, data = message.bytes(f"{self._prefix}{self._number:08x}")
        stage, arm = self._stages[arrival.stage], self._arms[arrival.arm].name
        record = Record(stage.name, arrival.number, arm, self._worker, marker, warmup=stage.warmup, due_ns=due_ns)
        return record, data

    def _take_connection(self, arm: int) -> MeasuringConnection:
        """Take the connection that was used last, or a new one."""
        idle = self._idle[arm]
        return idle.pop() if idle else MeasuringConnection(self._origins[arm])

    def close(self) -> None:
        """Close the idle connections."""
        for idle in self._idle:
            while idle:
                idle.pop().close()
