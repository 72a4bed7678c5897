"""Records on their way from a Locust process to the report: a file for each process, one line for each exchange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from hopcheck_load.measurement.records import ExchangeTimeline, Record, record_of

_SCALARS = tuple(name for name in Record.__slots__ if name not in ("timeline", "upstream"))
_COLUMNS = tuple(ExchangeTimeline.__slots__)


def line_of(record: Record) -> str:
    """Return a record's line of the raw file; several times as fast as `asdict`, since it is written under load."""
    line: dict[str, Any] = {name: getattr(record, name) for name in _SCALARS}
    timeline = record.timeline
    line["timeline"] = None if timeline is None else {name: getattr(timeline, name) for name in _COLUMNS}
    line["upstream"] = None
    return json.dumps(line, separators=(",", ":")) + "\n"


class Spool:
    """Writes the records of one process to a file."""

    def __init__(self, folder: Path, worker: int) -> None:
        """Open a new file, in a folder that is created if there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = (folder / f"records-{worker:02d}.ndjson").open("w", encoding="utf-8", buffering=1 << 18)

    def add(self, record: Record) -> None:
        """Write a record; it may stay in a buffer until `close`."""
        self._file.write(line_of(record))

    def flush(self) -> None:
        """Write what is in the buffer: others may be reading the file."""
        self._file.flush()

    def close(self) -> None:
        """Write what is in the buffer, and close the file."""
        self._file.close()


def read(folder: Path) -> list[Record]:
    """Return the records of all processes in the order in which they were due; an incomplete line is left out."""
    found = [record for path in sorted(folder.glob("records-*.ndjson")) for record in _records(path)]
    return sorted(found, key=lambda record: record.due_ns)


class SpoolReader:
    """Reads the records of all processes while they are being written, each once."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._read: dict[Path, int] = {}

    def new(self) -> Iterator[Record]:
        """Return the records that are complete, and weren't before."""
        for path in sorted(self._folder.glob("records-*.ndjson")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                complete, end, _ = file.read().rpartition(b"\n")
            self._read[path] = self._read.get(path, 0) + len(complete) + len(end)
            yield from (record_of(json.loads(line)) for line in complete.splitlines())


def _records(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.endswith("\n"):
                yield record_of(json.loads(text))
