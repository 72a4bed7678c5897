"""One warm connection to each arm, with exchanges over it, and what the upstream recorded of each exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hopcheck_load.measurement.client import ExchangeFailed, MeasuringConnection, bounds_at_rest
from hopcheck_load.measurement.exchange import record_response, request_bytes
from hopcheck_load.measurement.records import INTERRUPTED, Arm, Record, UpstreamVisit
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import Timing, Workload, marker_text
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.upstream.journal.attempt import Times
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

_NOT_FOUND = 404


@dataclass
class ArmConnections:
    """A connection to each arm.

    Attributes:
        arms: All arms.
        upstream: The upstream behind them.
        timing: The upstream's delays.
        prefix: The first characters of every nonce: they differ from run to run, so that no marker is seen twice.
    """

    arms: Sequence[Arm]
    upstream: UpstreamProcess
    timing: Timing
    prefix: str

    def __post_init__(self) -> None:
        bounds = bounds_at_rest(max(self.timing.delays_s))
        self._connections = {arm.name: MeasuringConnection(Origin.of(arm.url), bounds) for arm in self.arms}
        self._number = 0

    def new_record(
        self, workload: Workload, script: str, arm: Arm, number: int, place: int, *, warmup: bool = False
    ) -> Record:
        """Return the record of an exchange that is still to be made, with a new marker."""
        self._number += 1
        marker = marker_text(script, workload.operation, self.prefix, self._number)
        return Record(workload.name, number, arm.name, place, marker, warmup=warmup)

    def exchange(self, workload: Workload, arm: Arm, record: Record) -> None:
        """Send a record's request, read the response, and complete the record, also if the exchange fails."""
        connection = self._connections[arm.name]
        body = workload.body(arm.model, record.marker, record.round)
        message = request_bytes(connection.origin, arm, SURFACES[workload.surface], body)
        before = connection.opened
        try:
            connection.connect()
            response = connection.exchange(message)
        except ExchangeFailed as failed:
            record.failure = str(failed)
        except KeyboardInterrupt:
            record.failure = INTERRUPTED
            raise
        else:
            record_response(record, response, key=arm.key, workload=workload)
        finally:
            record.fresh = connection.opened > before

    def check(self, workloads: Sequence[Workload]) -> None:
        """Make one exchange on each surface through every arm, and see that it arrives at the upstream.

        Raises:
            Stop: An arm fails, or leads to another upstream; the text names it.
        """
        first = {workload.surface: workload for workload in reversed(workloads)}
        for workload in reversed(first.values()):
            self._check(workload)

    def _check(self, workload: Workload) -> None:
        self.upstream.load(self.timing.scripts(workload))
        for arm in self.arms:
            record = self.new_record(workload, self.timing.name(workload, 0), arm, 0, 0)
            self.exchange(workload, arm, record)
            if record.failure:
                why = f"can't be measured: {record.failure}.{_hint(record, arm, workload)}"
                raise Stop(UNTESTABLE, f"{arm.name} ({arm.url}) {why}")
            self.collect([record])
            if record.upstream is None:
                raise Stop(
                    UNTESTABLE,
                    f"{arm.name} ({arm.url}) answers, but not from the upstream at {self.upstream.url}: point its "
                    "provider there.",
                )

    def collect(self, records: Sequence[Record]) -> None:
        """Take the times of some exchanges from the upstream's journal, and put them into their records."""
        scripts = {Marker.parse(record.marker).script for record in records}
        join_visits(records, self.upstream.take(sorted(scripts)))

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()


def _hint(record: Record, arm: Arm, workload: Workload) -> str:
    if record.status != _NOT_FOUND:
        return ""
    if "/v1" not in arm.url:
        return " Should its URL end in /v1?"
    return "" if workload.surface == "chat" else f" Does it serve {SURFACES[workload.surface].path}?"


def join_visits(records: Sequence[Record], times: Sequence[Times]) -> None:
    """Put what the upstream recorded into the records with the same markers."""
    attempts: dict[str, list[Times]] = {}
    for one in times:
        attempts.setdefault(one.marker, []).append(one)
    for record in records:
        if found := attempts.get(record.marker):
            last = found[-1]
            moments = last.received_ns, last.head_sent_ns, last.first_sent_ns, last.last_sent_ns
            record.upstream = UpstreamVisit(len(found), *moments)
