"""Asks what is due, over connections of our own that are kept warm: the client of the measurement at rest, many times.

In a Locust process `socket` is gevent's, so the same blocking code lets the other greenlets run while it waits. What is
built of a request before it is due costs nothing when it is: its bytes are ready but for the marker.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic_ns

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection
from hopcheck_load.measurement.exchange import note, request
from hopcheck_load.measurement.load_plan import LoadPlan, script_names
from hopcheck_load.measurement.profiles import LOAD_WORKLOADS, Stage
from hopcheck_load.measurement.records import Arm, Record
from hopcheck_load.measurement.schedule import PlannedArrival
from hopcheck_load.measurement.stamps import quick_timeline
from hopcheck_load.measurement.workloads import Timing
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

NOT_SENT = "not sent: too many requests are unanswered"
CUT_OFF = "unanswered when the run ended"

_NONCE = 18
"""Characters: the run's, the worker's, the request's number."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A request but for its marker's nonce, with a marker whose nonce is a placeholder."""

    before: bytes
    marker: Marker
    after: bytes

    def bytes(self, nonce: str) -> tuple[str, bytes]:
        """(marker, request)."""
        marker = str(self.marker.with_nonce(nonce))
        return marker, b"".join((self.before, marker.encode(), self.after))


def _messages(plan: LoadPlan, stage: Stage, arm: Arm, timing: Timing) -> list[_Message]:
    found = []
    for script in script_names(stage, arm, timing):
        workload = LOAD_WORKLOADS[stage.workload]
        marker = Marker.make(script, workload.operation, "0" * _NONCE)
        body = workload.body(plan.model(stage, arm), str(marker))
        before, _, after = request(Origin.of(arm.url), arm, body).partition(str(marker).encode())
        found.append(_Message(before, marker, after))
    return found


class Requester:
    """Exchanges, each to its end.

    Attributes:
        done: Is told of each record.
    """

    def __init__(self, plan: LoadPlan, worker: int, done: Callable[[Record], None]) -> None:
        """Prepare all requests."""
        self.done = done
        self._points = plan.stages
        self._arms = plan.arms
        self._worker = worker
        self._streams = [LOAD_WORKLOADS[stage.workload].stream for stage in plan.stages]
        timing = Timing(plan.delay_s, plan.seed)
        self._messages = {
            (place, way): _messages(plan, stage, arm, timing)
            for place, stage in enumerate(plan.stages)
            for way, arm in enumerate(plan.arms)
        }
        self._prefix = f"{plan.prefix:0<8}{worker:02d}"
        self._number = 0
        self._draw = random.Random(f"{plan.seed}:{worker}:delays")  # noqa: S311 - nothing secret
        self._origins: Sequence[Origin] = [Origin.of(arm.url) for arm in plan.arms]
        self._idle: list[deque[MeasuringConnection]] = [deque() for _ in plan.arms]

    def ask(self, arrival: PlannedArrival, due_ns: int) -> None:
        """StageRequest, and read the answer to its end; whatever happens, `done` gets a record of it."""
        record, message = self._begin(arrival, due_ns)
        record.dispatched_ns = monotonic_ns()
        line = self._line(arrival.arm)
        try:
            opened = line.opened
            line.connect()
            record.fresh = line.opened > opened
            answer = line.ask(message)
        except ExchangeFailed as failed:
            record.failure = str(failed)
            record.done_ns = monotonic_ns()
        except BaseException:  # a greenlet that is killed: the run has ended
            record.failure = CUT_OFF
            line.close()
            raise
        else:
            note(record, answer, stream=self._streams[arrival.stage], read=quick_timeline)
            self._idle[arrival.arm].append(line)
        finally:
            self.done(record)

    def refuse(self, arrival: PlannedArrival, due_ns: int) -> None:
        """Note one that isn't asked at all."""
        record, _ = self._begin(arrival, due_ns)
        record.failure, record.done_ns = NOT_SENT, due_ns
        self.done(record)

    def _begin(self, arrival: PlannedArrival, due_ns: int) -> tuple[Record, bytes]:
        messages = self._messages[arrival.stage, arrival.arm]
        message = messages[0] if len(messages) == 1 else self._draw.choice(messages)
        self._number += 1
        marker, data = message.bytes(f"{self._prefix}{self._number:08x}")
        stage = self._points[arrival.stage]
        arm = self._arms[arrival.arm].name
        record = Record(stage.name, arrival.number, arm, self._worker, marker, warmup=stage.warmup, due_ns=due_ns)
        return record, data

    def _line(self, arm: int) -> MeasuringConnection:
        """The connection that was used last, or a new one."""
        idle = self._idle[arm]
        return idle.pop() if idle else MeasuringConnection(self._origins[arm])

    def close(self) -> None:
        """Close what is idle."""
        for idle in self._idle:
            while idle:
                idle.pop().close()
