"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_TOLD = "—"


def ms(value: float | None, *, sign: bool = False) -> str:
    """A time with its unit, to about three digits: `9 µs`, `0.412 ms`, `15.6 ms`, `1.25 s`."""
    if value is None:
        return NOT_TOLD
    value = 0.0 if abs(value) < 5e-5 else value
    plus = "+" if sign and value > 0 else ""
    size = abs(value)
    if size < 0.0995:
        return f"{plus}{value * 1e3:.1f} µs" if size < 0.00995 else f"{plus}{value * 1e3:.0f} µs"
    if size < 1000:
        return f"{plus}{value:.{3 if size < 1 else 2 if size < 10 else 1}f} ms"
    return f"{plus}{value / 1e3:.2f} s"


def tick(value: float) -> str:
    """A round time, as it stands on a scale: `50 µs`, `2 ms`."""
    if value == 0:
        return "0"
    size, unit = (value * 1e3, "µs") if abs(value) < 1 else (value, "ms") if abs(value) < 1000 else (value / 1e3, "s")
    return f"{size:.6g} {unit}"


def interval(estimate: Mapping[str, Any]) -> str:
    """An interval, or nothing where there is none."""
    if estimate["low"] is None:
        return NOT_TOLD
    low, high = ms(estimate["low"]), ms(estimate["high"])
    return f"{low.split()[0] if low.split()[1] == high.split()[1] else low} … {high}"


def added(entry: Mapping[str, Any], floor: float | None) -> str:
    """What is added; what lies within the noise floor is said to."""
    return f"≤ {ms(floor)} (noise)" if entry["within_floor"] else ms(entry["median"]["value"], sign=True)


def share(value: float | None) -> str:
    """A part of a whole."""
    return NOT_TOLD if value is None else f"{100 * value:.3g} %"


def cards(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each hop what it adds to the first workload's latency: `{hop, workload, entry, floor}`."""
    found = (_first(document, arm["name"]) for arm in document["arms"] if arm["kind"] == "hop")
    return [card for card in found if card is not None]


def _first(document: Mapping[str, Any], hop: str) -> dict[str, Any] | None:
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            if measure["name"] == "latency" and hop in measure["added"]:
                known = {"entry": measure["added"][hop], "floor": measure["floor"]}
                return {"hop": hop, "workload": workload["name"], **known}
    return None


def headlines(document: Mapping[str, Any]) -> list[str]:
    """What was found, in a sentence for each hop."""
    return [_sentence(card) for card in cards(document)] or ["nothing was measured"]


def _sentence(card: Mapping[str, Any]) -> str:
    hop, workload, entry, floor = (card[name] for name in ("hop", "workload", "entry", "floor"))
    if entry["within_floor"]:
        return f"{hop} adds nothing that can be told from noise ({ms(floor)}) to the median {workload} exchange"
    noise = "" if floor is None else f"; noise floor {ms(floor)}"
    figure, sure = ms(entry["median"]["value"]), interval(entry["median"])
    return f"{hop} adds {figure} to the median {workload} exchange (95 % interval {sure}{noise})"
