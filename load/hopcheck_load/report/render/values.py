"""Figures and findings of a report as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hopcheck_load.report import fidelity

UNKNOWN = "—"

INFINITE = "∞"
"""Stands for a quantile that falls among requests that failed."""


def ms(value: float | None, *, sign: bool = False) -> str:
    """Return a time with its unit, to about three digits: `9 µs`, `0.412 ms`, `15.6 ms`, `1.25 s`."""
    if value is None:
        return UNKNOWN
    if value == math.inf:
        return INFINITE
    value = 0.0 if abs(value) < 5e-5 else value
    plus = "+" if sign and value > 0 else ""
    size = abs(value)
    if size < 0.0995:
        return f"{plus}{value * 1e3:.1f} µs" if size < 0.00995 else f"{plus}{value * 1e3:.0f} µs"
    if size < 1000:
        return f"{plus}{value:.{3 if size < 1 else 2 if size < 10 else 1}f} ms"
    return f"{plus}{value / 1e3:.2f} s"


def tick(value: float) -> str:
    """Return the label of a round time on a scale: `50 µs`, `2 ms`."""
    if value == 0:
        return "0"
    size, unit = (value * 1e3, "µs") if abs(value) < 1 else (value, "ms") if abs(value) < 1000 else (value / 1e3, "s")
    return f"{size:.6g} {unit}"


def interval(estimate: Mapping[str, Any]) -> str:
    """Return an interval; without one, why there is none."""
    if estimate["low"] is None:
        return UNKNOWN if estimate["value"] is None else "run too short"
    low, high = ms(estimate["low"]), ms(estimate["high"])
    return f"{low.split()[0] if low.split()[-1] == high.split()[-1] else low} … {high}"


def interval_of(entry: Mapping[str, Any]) -> str:
    """Return the interval of what a hop adds; a rough one has a tilde."""
    rough = entry["rough_interval"]
    return f"~{interval({'value': entry['median']['value'], **rough})}" if rough else interval(entry["median"])


def added(entry: Mapping[str, Any], floor: float | None) -> str:
    """Return what a hop adds, or how much it adds at most if that may be noise."""
    most = at_most(entry, floor)
    return ms(entry["median"]["value"], sign=True) if most is None else f"≤ {ms(most)} (noise)"


def at_most(entry: Mapping[str, Any], floor: float | None) -> float | None:
    """Return the noise floor if a hop adds less, or the end of an interval that also holds 0; None otherwise."""
    if entry["within_floor"]:
        return floor
    known = entry["rough_interval"] or entry["median"]
    low, high = known["low"], known["high"]
    return high if low is not None and low <= 0 <= high else None


def cpu_ms(each: float | None) -> str:
    """Return the processor time of an exchange: it isn't known to more than three digits."""
    return UNKNOWN if each is None else f"{each:.3g}" if each < 100 else f"{each:.0f}"


def share(value: float | None) -> str:
    """Return a share as a percentage."""
    return UNKNOWN if value is None else f"{100 * value:.3g} %"


def self_reports(workload: Mapping[str, Any]) -> list[str]:
    """Compare the times that targets report of themselves with what was measured, in a sentence for each."""
    return [_self_report(arm, report) for arm, report in workload["self_report"].items()]


def _self_report(arm: str, report: Mapping[str, Any]) -> str:
    some = f" (in {report['answers']:,} of {report['of']:,} responses)" if report["answers"] != report["of"] else ""
    to = "to the first token" if report["measure"] == "ttft" else "to the latency"
    of = f"{share(report['coverage'])} of the {ms(report['added'])} that it adds {to}"
    return f"{arm} reports {ms(report['median'])} of itself{some}, {of}"


def latency_of(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a workload's latency."""
    found: Mapping[str, Any] = next(one for one in workload["measures"] if one["name"] == "latency")
    return found


def leg_names(workload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the known legs: with two clocks, only the sum of the ways; under load, also waiting."""
    ways = ("request", "upstream", "response") if workload["one_clock"] else ("outside", "upstream")
    return ("wait", *ways) if "load" in workload else ways


def is_under_load(document: Mapping[str, Any]) -> bool:
    """Whether a report is of a run under load."""
    return bool(document.get("load"))


def findings(document: Mapping[str, Any]) -> list[str]:
    """Return sentences about streams that weren't passed on, and about knees, recoveries and drifts under load."""
    broken = fidelity.findings(dict(document))
    return [*broken, *_findings_under_load(document)] if is_under_load(document) else broken


def _findings_under_load(document: Mapping[str, Any]) -> list[str]:
    load = document["load"]
    knees = [knee(document, found) for found in load["knee"]]
    recoveries = [
        f"{hop} didn't recover from the spike" if after is None else f"{hop} recovered {after:g} s after the spike"
        for hop, after in load["recovery_s"].items()
    ]
    drifts = [
        f"{hop}: median {ms(found['first_ms'])} in the first fifth, {ms(found['last_ms'])} in the last"
        for hop, found in load["drift"].items()
        if found is not None
    ]
    return [*knees, *recoveries, *drifts]


def processes(document: Mapping[str, Any]) -> list[str]:
    """Return the usage of the processes that were watched, a line for each."""
    return [_usage(one) for one in document.get("processes", [])]


def knee(document: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return a sentence about the saturation point of a hop with a workload."""
    several = len({one["workload"] for one in document["load"]["knee"]}) > 1
    hop = f"{found['hop']}, {found['workload']}" if several else found["hop"]
    if found["outcome"] == "found":
        return f"{hop}: {_where(document, found)}"
    if found["outcome"] == "lowest":
        return f"{hop}: saturated at the lowest rate already, {found['saturated']:g}/s"
    if found["outcome"] == "none":
        return f"{hop}: no knee up to {found['up_to']:g}/s"
    if found["up_to"] is None:
        return f"{hop}: the knee is unknown, no rate is valid"
    return f"{hop}: the knee is unknown, what it adds is known well enough at {found['rates']} rates only"


def _where(document: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    loads = [row["load"] for row in document["workloads"] if row["load"]["workload"] == found["workload"]]
    if any(found["rate"] < load["rate"] < found["saturated"] for load in loads):
        return f"the knee is between {found['rate']:g}/s and {found['saturated']:g}/s; the rates in between are invalid"
    return f"the knee is at {found['rate']:g}/s"


def verdict(one: Mapping[str, Any], *, under_load: bool) -> str:
    """Return a budget's outcome, and how much more would have to be measured to know better."""
    if one["needs"] is None:
        return str(one["outcome"])
    more = f"{one['needs']:,} s of each stage" if under_load else f"{one['needs']:,} rounds"
    return f"{one['outcome']}; it takes about {more} to know"


def shortfalls(workload: Mapping[str, Any]) -> list[str]:
    """Return how much had to be measured for the intervals that are missing, a sentence for each hop."""
    unit = "s" if "load" in workload else "rounds"
    needs: dict[str, float] = {}
    for measure in workload["measures"]:
        for arm, entry in measure["added"].items():
            if entry["needs"] is not None:
                needs[arm] = max(needs.get(arm, 0), entry["needs"])
    return [
        f"{arm}: the run was too short for an interval; it takes about {more:,} {unit}" for arm, more in needs.items()
    ]


def _usage(process: Mapping[str, Any]) -> str:
    memory = " → ".join("—" if one is None else f"{one:g}" for one in _memory(process))
    each = [f"{row} {cpu_ms(cpu['ms_each'])}" for row, cpu in process["cpu"].items() if cpu["ms_each"] is not None]
    cpu = f"; CPU ms each: {', '.join(each)}" if each else ""
    return f"process {process['name']} ({process['pid']}): RSS {memory} MB (before, most, after){cpu}"


def _memory(process: Mapping[str, Any]) -> list[float | None]:
    return [process[f"rss_{when}_mb"] for when in ("idle", "load", "after")]
