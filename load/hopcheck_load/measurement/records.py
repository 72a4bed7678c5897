"""What was measured, exchange by exchange, and its file: NDJSON from which every figure can be worked out again.

The file's first line says what was done, the last one that it is whole; between them stands one line for each exchange.
Times are CLOCK_MONOTONIC nanoseconds: the client's of its own host, the upstream's of its host.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

RAW_SCHEMA = "hopcheck.load.raw/1"

ArmKind = Literal["direct", "control", "hop"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to the upstream.

    Attributes:
        name: How it is called in the report.
        kind: Directly, directly once more (the control), or through a hop.
        url: Its base URL, with its `/v1`.
        model: The model that is asked for.
        key: What is shown to it; never written down.
    """

    name: str
    kind: ArmKind
    url: str
    model: str
    key: str = field(default="", repr=False)


@dataclass(slots=True)
class UpstreamVisit:
    """What the upstream's journal says of an exchange.

    Attributes:
        attempts: How many requests arrived for it.
        received_ns: When the last of them had been read.
        head_ns: When the answer's head was written.
        first_ns: When the first bytes of its body were written.
        last_ns: When the last were.
    """

    attempts: int
    received_ns: int
    head_ns: int
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class ExchangeTimeline:
    """A stream's stamped events, in the order of their arrival; four columns of the same length.

    Attributes:
        sequence: The number that each carries.
        stamp_ns: When it left the upstream.
        read_ns: When the read that completed it returned.
        read: Which of the stream's reads that was.
        others: Events with content but without a readable stamp.
    """

    sequence: list[int] = field(default_factory=list)
    stamp_ns: list[int] = field(default_factory=list)
    read_ns: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    others: int = 0


@dataclass(slots=True)
class Record:
    """One exchange.

    Attributes:
        workload: The workload's name, or the stage's under load.
        round: Which round it belongs to, from 0 in each workload; those of warming up are counted on their own. Under
            load: its number in its stage, arm and worker.
        arm: The arm's name.
        place: Its place in the round's order; under load the worker's number.
        marker: What it is known by at the upstream.
        warmup: Whether it only warmed up.
        fresh: Whether the connection was made for it.
        failure: Why there is no good answer, or "".
        status: The status code, or 0.
        sent_ns: When sending began.
        head_ns: When the head was there.
        done_ns: When the body was.
        size: Bytes of the body.
        self_ms: What the target says that it took, in milliseconds.
        timeline: A stream's events.
        upstream: What the upstream saw of it.
        due_ns: When it was due, under load; at rest 0: it was due when it was sent.
        dispatched_ns: When the generator got round to it, under load.
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
    def begun_ns(self) -> int:
        """From when on its latency counts."""
        return self.due_ns or self.sent_ns


@dataclass(kw_only=True)
class Header:
    """What was done: the first line of the file.

    Attributes:
        tool: Name and version.
        started: When, ISO 8601 in UTC.
        command: What was typed, or "".
        seed: What every drawing started from.
        arms: Ways to the upstream, without keys.
        workloads: Names of those that were begun, with what they are.
        upstream: Where it is, whether it was started for this run, and the mean of its delays in milliseconds.
        machine: What it was measured on (see `machine`).
        warmups: By workload: how the warming up went.
        duration_s: Wall time.
        partial: Why less than wanted was measured, or "".
        load: Under load: the plan that was carried out, and when it began (`begin_ns`, `processes`).
        processes: Those that were watched (see `usage`).
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
    """Write the file."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in _lines(measurement))


def _lines(measurement: Measurement) -> Iterable[dict[str, Any]]:
    header = measurement.header
    arms = [{key: value for key, value in asdict(arm).items() if key != "key"} for arm in header.arms]
    yield {**asdict(header), "arms": arms}
    yield from (asdict(record) for record in measurement.records)
    yield {"end": len(measurement.records)}


def read(path: Path) -> Measurement:
    """Read what `write` wrote.

    Raises:
        ValueError: It is no such file, or not a whole one.
        OSError: It can't be read.
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


def _header(said: dict[str, Any]) -> Header:
    if said.get("schema") != RAW_SCHEMA:
        raise ValueError(f"its schema is {said.get('schema')!r}")
    return Header(**{**said, "arms": [Arm(**arm) for arm in said["arms"]]})


def record_of(said: dict[str, Any]) -> Record:
    """Read one line."""
    timeline, seen = said["timeline"], said["upstream"]
    parts = {"timeline": timeline and ExchangeTimeline(**timeline), "upstream": seen and UpstreamVisit(**seen)}
    return Record(**{**said, **parts})


def names(arms: Sequence[Arm], kind: ArmKind) -> list[str]:
    """The names of the arms of a kind."""
    return [arm.name for arm in arms if arm.kind == kind]
