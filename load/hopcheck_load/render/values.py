"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_TOLD = "—"


def ms(value: float | None, *, sign: bool = False) -> str:
    """A time with its unit, to about three digits: `9 µs`, `0.412 ms`, `15.6 ms`, `1.25 s`."""
    if value is None:
        return NOT_TOLD
    plus = "+" if sign and value > 0 else ""
    size = abs(value)
    if size < 0.1:
        return f"{plus}{value * 1e3:.1f} µs" if size < 0.01 else f"{plus}{value * 1e3:.0f} µs"
    if size < 1000:
        return f"{plus}{value:.{3 if size < 1 else 2 if size < 10 else 1}f} ms"
    return f"{plus}{value / 1e3:.2f} s"


def interval(estimate: Mapping[str, Any]) -> str:
    """An interval, or nothing where there is none."""
    if estimate["low"] is None:
        return NOT_TOLD
    return f"{ms(estimate['low'])} … {ms(estimate['high'])}"


def added(entry: Mapping[str, Any], floor: float | None) -> str:
    """What is added; what lies within the noise floor is said to."""
    return f"≤ {ms(floor)} (noise)" if entry["within_floor"] else ms(entry["median"]["value"], sign=True)


def share(value: float | None) -> str:
    """A part of a whole."""
    return NOT_TOLD if value is None else f"{100 * value:.3g} %"


def headlines(document: Mapping[str, Any]) -> list[str]:
    """What was found, in a sentence for each hop."""
    return [_headline(document, arm["name"]) for arm in document["arms"] if arm["kind"] == "hop"]


def _headline(document: Mapping[str, Any], hop: str) -> str:
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            if measure["name"] == "latency" and hop in measure["added"]:
                return _sentence(hop, workload["name"], measure)
    return f"{hop}: nothing was measured"


def _sentence(hop: str, workload: str, measure: Mapping[str, Any]) -> str:
    entry = measure["added"][hop]
    floor = measure["floor"]
    if entry["within_floor"]:
        return f"{hop} adds nothing that can be told from noise ({ms(floor)}) to the median {workload} exchange"
    noise = "" if floor is None else f"; noise floor {ms(floor)}"
    figure, sure = ms(entry["median"]["value"]), interval(entry["median"])
    return f"{hop} adds {figure} to the median {workload} exchange (95 % interval {sure}{noise})"
