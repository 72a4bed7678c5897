"""The figures of a report as rows: a table of rates and quantiles, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck_load.report.render.values import UNKNOWN, added, ms, share

QUANTILES = ("p50", "p90", "p95", "p99")
HEADS = ("workload", "rate", "", *QUANTILES, "failed", "added")
"""The heads of the table."""

_COUNTS = ("asked", "failed", "interrupted")
_ADDED = ("added", "low", "high")
COLUMNS = (
    *("row", "workload", "rate", "measure", "arm", *_COUNTS, "n"),
    *(*QUANTILES, "p99.9", "rough", *_ADDED, "within_floor", "floor", "invalid"),
)
"""The columns of the CSV; times are milliseconds."""

Entry = Mapping[str, Any]


def table_rows(document: Entry) -> Iterator[list[str]]:
    """Return the cells of a run under load: for each rate, the latency of each arm but the control (streams: ttft).

    The rates of one workload follow one another.
    """
    workloads = list(dict.fromkeys(row["load"]["workload"] for row in document["workloads"]))
    for row in sorted(document["workloads"], key=lambda row: workloads.index(row["load"]["workload"])):
        measure = next((one for one in row["measures"] if one["name"] == "ttft"), None) or _latency(row)
        for arm in measure["arms"]:
            if arm != "control":
                yield _cells(row, measure, arm)


def _latency(row: Entry) -> Entry:
    found: Entry = next(one for one in row["measures"] if one["name"] == "latency")
    return found


def _cells(row: Entry, measure: Entry, arm: str) -> list[str]:
    what = f"{row['name'].partition('@')[0]}{' ttft' if measure['name'] == 'ttft' else ''}"
    entry = measure["added"].get(arm)
    more = added(entry, measure["floor"]) if entry else ""
    rate = f"{row['load']['rate']:g}/s{' invalid' if row['load']['invalid'] else ''}"
    return [what, rate, arm, *(_quantile(measure["arms"][arm], one) for one in QUANTILES), _failed(row, arm), more]


def _quantile(values: Entry, name: str) -> str:
    if values[name] is None and name in values["rough"]:
        return f"~{ms(values['rough'][name])}"
    return ms(values[name])


def _failed(row: Entry, arm: str) -> str:
    counts = row["exchanges"][arm]
    return f"{counts['failed']:,} ({share(counts['failed'] / counts['asked'])})" if counts["failed"] else "0"


def csv_text(document: Entry) -> str:
    """Return every measure of every arm, a line for each."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_line(row, measure, arm) for row in document["workloads"] for measure, arm in _pairs(row))
    return file.getvalue()


def _pairs(row: Entry) -> Iterator[tuple[Entry, str]]:
    return ((measure, arm) for measure in row["measures"] for arm in measure["arms"])


def _line(row: Entry, measure: Entry, arm: str) -> dict[str, Any]:
    load = row.get("load", {"workload": row["name"], "rate": "", "invalid": {}})
    values, entry = measure["arms"][arm], measure["added"].get(arm)
    median = entry["median"] if entry else {}
    return {
        "row": row["name"],
        "workload": load["workload"],
        "rate": load["rate"],
        "measure": measure["name"],
        "arm": arm,
        **{name: row["exchanges"][arm][name] for name in _COUNTS},
        **{name: values[name] for name in ("n", *QUANTILES, "p99.9")},
        "rough": " ".join(f"{name}={value}" for name, value in values["rough"].items()),
        **dict(zip(_ADDED, (median.get(name) for name in ("value", "low", "high")), strict=True)),
        "within_floor": entry["within_floor"] if entry else None,
        "floor": measure["floor"],
        "invalid": "; ".join(load["invalid"].values()),
    }


def markdown_rows(document: Entry) -> Iterator[str]:
    """Return the table in Markdown."""
    yield f"| {' | '.join(HEADS)} |"
    yield f"|{'---|' * 3}{'---:|' * (len(HEADS) - 3)}"
    for cells in table_rows(document):
        yield f"| {' | '.join(cell or UNKNOWN for cell in cells)} |"
