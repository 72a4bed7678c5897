"""The report document, `hopcheck.load/2`: a function of the records alone, and the source of all that is shown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from hopcheck_load.measurement import machine, usage
from hopcheck_load.measurement.records import Measurement, Record
from hopcheck_load.report import open_loop
from hopcheck_load.stats import analysis
from hopcheck_load.stats.sample_size import MIN_VALUES_BEYOND

SCHEMA = "hopcheck.load/2"

INFINITE = "infinite"
"""Stands for a quantile that falls among the requests that failed."""

_FIGURE = re.compile(r"value|low|high|before|now|change|tolerated|(first|last)_ms|p\d+(\.\d+)?")

Document = dict[str, Any]
"""A whole report."""

METHOD = {
    "added": "time through the hop minus time straight to the upstream, exchange by exchange within the same round; "
    "the headline is the median of these differences",
    "interval": "of the median: 95 %, circular bootstrap of blocks of rounds; their length is estimated from the data "
    "(Politis and White), and with fewer than ten there is no interval",
    "floor": "direct against direct, over a second connection: as far from 0 as its interval goes; "
    "a smaller difference counts as noise",
    "net": "the same difference with the time spent at the upstream (by its journal) taken off each exchange",
    "difference of quantiles": "a quantile through the hop minus that of the direct arm; not a quantile of differences",
    "quantiles": f"reported only if {MIN_VALUES_BEYOND} values lie beyond them",
    "lag": "from an event's leaving the upstream, stamped into the event, to the return of the read that brought it",
    "order": "every arm once a round, one exchange at a time, in an order drawn anew for each round; "
    "one warm connection per arm; garbage collector off",
}
"""The meaning of a report's terms."""


def build(measurement: Measurement) -> Document:
    """Return the report of a measurement."""
    header, under_load = measurement.header, measurement.header.load is not None
    rows = open_loop.workloads(measurement) if under_load else _workloads(measurement)
    return {
        "schema": SCHEMA,
        "tool": header.tool,
        "started": header.started,
        "duration_s": round(header.duration_s, 1),
        "partial": header.partial,
        "command": header.command,
        "seed": header.seed,
        "machine": header.machine,
        "complaints": machine.complaints(header.machine),
        "upstream": header.upstream,
        "arms": [{"name": arm.name, "kind": arm.kind, "url": arm.url, "model": arm.model} for arm in header.arms],
        "cold": _cold(measurement.records),
        "workloads": rows,
        "load": open_loop.load(measurement, rows) if under_load else None,
        "processes": open_loop.processes(measurement) if under_load else usage.at_rest(measurement),
        "budget": [],
        "against": [],
        "not_compared": [],
        "method": {**METHOD, **(open_loop.METHOD if under_load else {})},
        "exit": 0,
    }


def _workloads(measurement: Measurement) -> list[dict[str, Any]]:
    header, records = measurement.header, measurement.records
    begun = {record.workload for record in records if not record.warmup}
    return [analysis.workload(name, header, records) for name in header.workloads if name in begun]


def _cold(records: list[Record]) -> dict[str, float]:
    """Return the time of each arm's first exchange, without opening its connection, in milliseconds."""
    found: dict[str, float] = {}
    for record in records:
        if not record.failure:
            found.setdefault(record.arm, round((record.done_ns - record.sent_ns) / 1e6, 3))
    return found


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    text = files("hopcheck_load.report").joinpath("load.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text))


def violations(document: object) -> list[str]:
    """Return how a report violates the schema, one line for each place."""
    found = _validator().iter_errors(_plain(document))
    return [f"{'/'.join(map(str, error.instance_path)) or 'the document'}: {error.message}" for error in found]


def _plain(value: Any) -> Any:
    """Return a report as JSON has it: there is no number for an infinite latency."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return INFINITE if value == math.inf else value


def _with_infinity(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object of the JSON with the number that the word stands for; other fields may hold that word."""
    return {name: math.inf if one == INFINITE and _FIGURE.fullmatch(name) else one for name, one in value.items()}


def load(path: Path) -> Document:
    """Read a report.

    Raises:
        ValueError: The file holds no report.
        OSError: The file can't be read.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_hook=_with_infinity)
    except ValueError as error:
        raise ValueError(f"{path} is not a {SCHEMA} report: {error}") from error
    wrong = violations(document)
    if wrong:
        raise ValueError(f"{path} is not a {SCHEMA} report: {wrong[0]}")
    return dict(document)


def text(document: Document) -> str:
    """Return the report as JSON.

    Raises:
        ValueError: It violates its own schema.
    """
    wrong = violations(document)
    if wrong:
        raise ValueError(f"this report breaks its schema: {wrong[0]}")
    return json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def find(document: Mapping[str, Any], workload: str, measure: str) -> Mapping[str, Any] | None:
    """Return a measure of a workload, or None if it wasn't measured."""
    for one in document["workloads"]:
        for entry in one["measures"]:
            if one["name"] == workload and entry["name"] == measure:
                return dict(entry)
    return None


def hops(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the hops."""
    return [arm["name"] for arm in document["arms"] if arm["kind"] == "hop"]
