"""The records of a measurement, one for each exchange, and their file: NDJSON that has the source of every figure.

The first line of the file is the header, the last line says that the file is complete; each line between them is an
exchange. Times are CLOCK_MONOTONIC nanoseconds: the client's on its host, the upstream's on its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

RAW_SCHEMA = "hopcheck.load.raw/1"

INTERRUPTED = "interrupted before it was answered"
"""The failure of a request that a signal cut off: nobody knows what would have come of it."""

ArmKind = Literal["direct", "control", "hop"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the ways to the upstream that are compared.

    Attributes:
        name: Its name in the report.
        kind: Direct, direct once more (the control), or through a hop.
        url: Its base URL, with its `/v1`.
        model: The model that its requests name.
        key: Its API key; no file or report has it.
    """

    name: str
    kind: ArmKind
    url: str
    model: str
    key: str = field(default="", repr=False)


@dataclass(slots=True)
class UpstreamVisit:
    """An exchange as the upstream's journal has it.

    Attributes:
        attempts: How many requests arrived for it; the times are those of the last.
        received_ns: When it had been read.
        head_ns: When the head of the response was written.
        first_ns: When the first bytes of the body were written.
        last_ns: When the last bytes were written.
    """

    attempts: int
    received_ns: int
    head_ns: int
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class ExchangeTimeline:
    """A stream's stamped events in the order of their arrival, as four columns of the same length.

    Attributes:
        sequence: The numbers that the events carry.
        stamp_ns: When each left the upstream.
        read_ns: When the read that completed it returned.
        read: The number of that read in the stream.
        others: How many events have content but no readable stamp, or repeat the whole text otherwise than it came.
        endings: How many events end the stream, as `[DONE]` does.
        finishes: How many events say that the text is complete, as the upstream's script ends it.
        foreign: How many stamps belong to another exchange.
    """

    sequence: list[int] = field(default_factory=list)
    stamp_ns: list[int] = field(default_factory=list)
    read_ns: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    others: int = 0
    endings: int = 1
    finishes: int = 1
    foreign: int = 0

    def is_complete(self, events: int) -> bool:
        """Whether the stream says that its text is complete; or, if a hop changed that, all events came, and an end."""
        return self.finishes > 0 or (self.endings > 0 and len(set(self.sequence)) >= events)


@dataclass(slots=True)
class Record:
    """One exchange.

    Attributes:
        workload: The workload's name; under load, the stage's.
        round: Its round, from 0 in each workload, with separate numbers for warming up. Under load, its number in its
            stage, arm and worker.
        arm: The arm's name.
        place: Its place in the round's order; under load, the worker's number.
        marker: The marker in its request.
        warmup: Whether it only warmed up.
        fresh: Whether the connection was opened for it.
        failure: Why there is no valid response, or "".
        status: The status code, or 0.
        sent_ns: When sending began.
        head_ns: When the head of the response was complete.
        done_ns: When the body was complete.
        size: The bytes of the body.
        self_ms: How long the target reports that it took, in milliseconds.
        timeline: The events of a stream.
        upstream: Its times at the upstream.
        due_ns: When it was due, under load; 0 at rest, where it is due when it is sent.
        dispatched_ns: When the generator dispatched it, under load.
    """

    workload: str
    round: int
    arm: str
    place: int
    marker: str
    warmup: bool = False
    fresh: bool = False
    failure: str = ""
    status: int = 0
    sent_ns: int = 0
    head_ns: int = 0
    done_ns: int = 0
    size: int = 0
    self_ms: float | None = None
    timeline: ExchangeTimeline | None = None
    upstream: UpstreamVisit | None = None
    due_ns: int = 0
    dispatched_ns: int = 0

    @property
    def failed(self) -> bool:
        """Whether there is no valid response, though it was waited for."""
        return bool(self.failure) and self.failure != INTERRUPTED

    @property
    def begun_ns(self) -> int:
        """The time from which its latency counts."""
        return self.due_ns or self.sent_ns


@dataclass(kw_only=True)
class Header:
    """The conditions of a measurement: the first line of the file.

    Attributes:
        tool: The tool's name and version.
        started: When it started, ISO 8601 in UTC.
        command: The command line, or "".
        seed: The seed of every random draw.
        arms: The arms, without keys.
        workloads: The workloads that were begun: names and descriptions.
        upstream: Its URL, whether it was started for this run, and the mean of its delays in milliseconds.
        machine: The machine (see `machine`).
        warmups: The warming up, by workload.
        duration_s: The wall time.
        partial: Why the measurement isn't complete, or "".
        load: Under load, `{plan, begin_ns, processes}`.
        processes: The processes that were watched (see `usage`).
    """

    tool: dict[str, str]
    started: str
    command: str
    seed: int
    arms: list[Arm]
    workloads: dict[str, str]
    upstream: dict[str, Any]
    machine: dict[str, Any]
    warmups: dict[str, dict[str, Any]] = field(default_factory=dict)
    duration_s: float = 0.0
    partial: str = ""
    load: dict[str, Any] | None = None
    processes: list[dict[str, Any]] = field(default_factory=list)
    schema: str = RAW_SCHEMA


@dataclass
class Measurement:
    """A header and its records."""

    header: Header
    records: list[Record]


def write(measurement: Measurement, path: Path) -> None:
    """Write a measurement as NDJSON, in a file that only its owner may read."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in _lines(measurement))


def _lines(measurement: Measurement) -> Iterable[dict[str, Any]]:
    header = measurement.header
    arms = [{key: value for key, value in asdict(arm).items() if key != "key"} for arm in header.arms]
    yield {**asdict(header), "arms": arms}
    yield from (asdict(record) for record in measurement.records)
    yield {"end": len(measurement.records)}


def read(path: Path) -> Measurement:
    """Read a measurement that `write` has written.

    Raises:
        ValueError: The file is of another kind, or not complete.
        OSError: The file can't be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        first, *rest = [json.loads(line) for line in lines]
        header, end = _header(first), rest.pop()
        records = [record_of(line) for line in rest]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"{path} isn't a {RAW_SCHEMA} file: {error}") from error
    if end != {"end": len(records)}:
        raise ValueError(f"{path} isn't whole: its last line is missing")
    return Measurement(header, records)


def _header(line: dict[str, Any]) -> Header:
    if line.get("schema") != RAW_SCHEMA:
        raise ValueError(f"its schema is {line.get('schema')!r}")
    return Header(**{**line, "arms": [Arm(**arm) for arm in line["arms"]]})


def record_of(line: dict[str, Any]) -> Record:
    """Return the record of one line."""
    timeline, visit = line["timeline"], line["upstream"]
    parts = {"timeline": timeline and ExchangeTimeline(**timeline), "upstream": visit and UpstreamVisit(**visit)}
    return Record(**{**line, **parts})
