"""The plots of a report under load: what is added against the rate, and latencies over time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from hopcheck_load.report.render import svg
from hopcheck_load.report.render.plots import colour, end_labels
from hopcheck_load.report.render.svg import LETTER, WIDE, Format, Scale
from hopcheck_load.report.render.values import interval, latency_of, ms, tick

TOP = 34.0
BOTTOM = 270.0
LINE = 15.0
_LEAST_MS = 0.01  # a logarithmic scale has no 0
_WORKLOAD = re.compile(r"^[\w-]+\.(?=[a-z])")
"""Of `chat.spike`, the part before the phase."""

Entry = Mapping[str, Any]
RateFigure = tuple[float, Entry, bool]
"""A rate, what is added there (value, low, high), and whether that is valid."""


def against_rate(document: Entry, workload: str, form: Format = WIDE) -> Markup:
    """Draw what each hop adds to a workload at each rate, with its knee; hollow points are invalid.

    Empty with fewer than 3 rates.
    """
    hops = [arm["name"] for arm in document["arms"] if arm["kind"] == "hop"]
    rows = [row for row in document["workloads"] if row["load"]["workload"] == workload]
    curves = {(hop, name): _curve(rows, hop, name) for hop in hops for name in ("p50", "p90")}
    rates = sorted({rate for curve in curves.values() for rate, _, _ in curve})
    if len(rates) < 3:
        return Markup("")
    knees = [one for one in document["load"]["knee"] if one["workload"] == workload and one["outcome"] == "found"]
    top = TOP + LINE * max(0, len(knees) - 1)
    x = Scale(0, rates[-1], form.left, form.width - form.margin(f"{hop} p50" for hop in hops))
    ends = [one[end] for curve in curves.values() for _, one, _ in curve for end in ("value", "low", "high")]
    y = _upright(ends, top)
    labels = [(x.at(rate), f"{rate:g}/s") for rate in rates]
    shapes = [*_across(y, x.end, form), *(_under(at, label) for at, label in svg.spread(labels, form))]
    for at, knee in enumerate(knees):
        shapes += _knee(colour(document, knee["hop"]), knee, x, (TOP - 8 + LINE * at, top), form)
    for (hop, name), curve in curves.items():
        shapes += _line(curve, x, y, colour(document, hop), f"{hop} {name}")
    shapes += end_labels(_ends(document, curves, x, y))
    return svg.picture(form, BOTTOM + 30, f"What each hop adds to {workload}, by rate", shapes)


def _ends(
    document: Entry, curves: Mapping[tuple[str, str], Sequence[RateFigure]], x: Scale, y: Scale
) -> dict[str, tuple[svg.Point, str]]:
    """Return the ends of the curves with their colours, by name."""
    ends = {key: (x.at(curve[-1][0]), _height(y, curve[-1][1]["value"])) for key, curve in curves.items() if curve}
    return {" ".join(key): (end, colour(document, key[0])) for key, end in ends.items()}


def _curve(rows: Sequence[Entry], hop: str, name: str) -> list[RateFigure]:
    found = []
    for row in rows:
        added = latency_of(row)["added"].get(hop)
        figure = added and (_median(added) if name == "p50" else added["difference_of_quantiles"][name])
        if figure and figure["value"] < math.inf and not row["load"]["fault"]:
            found.append((row["load"]["rate"], figure, not row["load"]["invalid"]))
    return sorted(found, key=lambda one: one[0])


def _median(added: Entry) -> Entry:
    """Return a median with its interval, or with the rough one."""
    return {**added["median"], **(added["rough_interval"] or {})}


def _upright(values: Sequence[float | None], top: float = TOP) -> Scale:
    known = [max(value, _LEAST_MS) for value in values if value is not None and value < math.inf] or [1.0]
    return Scale(min(known) / 1.3, max(known) * 1.3, BOTTOM, top, log=True)


def _across(scale: Scale, right: float, form: Format) -> Iterator[str]:
    for value in scale.ticks():
        y = scale.at(value)
        yield svg.rule((form.left, y), (right, y), "grid")
        yield svg.text((form.left - 8, y + 4), tick(value), "tick", anchor="end")


def _under(at: float, words: str) -> str:
    return svg.text((at, BOTTOM + 20), words, "tick", anchor="middle")


def _knee(kind: str, found: Entry, scale: Scale, span: tuple[float, float], form: Format) -> Iterator[str]:
    """Draw a knee as a vertical line from the top of the plot, and its name at a height; `span` is (height, top)."""
    height, top = span
    at, name = scale.at(found["rate"]), f"{found['hop']}: knee at {found['rate']:g}/s"
    room = LETTER * len(name) / 2
    middle = min(max(at, room + 4), form.width - room - 4)
    yield svg.rule((at, top), (at, BOTTOM), f"knee {kind}")
    yield svg.text((middle, height), name, f"name small {kind}", anchor="middle")


def _line(curve: Sequence[RateFigure], x: Scale, y: Scale, kind: str, name: str) -> Iterator[str]:
    if not curve:
        return
    points = [(x.at(rate), y.at(max(one["value"], _LEAST_MS))) for rate, one, _ in curve]
    sure = [(x.at(rate), one) for rate, one, _ in curve if one["low"] is not None]
    there = [(at, y.at(max(one["high"], _LEAST_MS))) for at, one in sure]
    back = [(at, y.at(max(one["low"], _LEAST_MS))) for at, one in reversed(sure)]
    yield svg.area([*there, *back], f"band {kind}")
    yield svg.line(points, f"line {kind}{' thin' if name.endswith('p90') else ''}")
    for place, (rate, one, valid) in zip(points, curve, strict=True):
        title = f"{name} at {rate:g}/s: {ms(one['value'], sign=True)} ({interval(one)}){'' if valid else ', invalid'}"
        yield svg.dot(place, f"dot {kind}{'' if valid else ' hollow'}", title=title)


def _height(scale: Scale, value: float) -> float:
    return scale.at(max(value, _LEAST_MS))


def course(document: Entry, form: Format = WIDE) -> Markup:
    """Draw each arm's median latency over time, with the stages behind it."""
    series = {arm: [one for one in found if one["p50"]] for arm, found in document["load"]["course"].items()}
    series = {arm: found for arm, found in series.items() if len(found) > 1}
    if not series:
        return Markup("")
    end_s = max(row["load"]["end_s"] for row in document["workloads"])
    x = Scale(0, end_s, form.left, form.width - form.margin(series))
    y = _upright([one["p50"] for found in series.values() for one in found])
    labels = [(x.at(value), f"{value:g} s") for value in x.ticks()]
    shapes = [*_spans(document, x), *_across(y, x.end, form), *(_under(*one) for one in svg.spread(labels, form))]
    ends = {}
    for arm, found in series.items():
        points = [(x.at(one["at_s"]), y.at(one["p50"])) for one in found]
        shapes.append(svg.line(points, f"line {colour(document, arm)}{' faint' if arm == 'control' else ''}"))
        ends[arm] = points[-1], colour(document, arm)
    shapes += end_labels(ends)
    return svg.picture(form, BOTTOM + 30, "Median latency in the course of the run", shapes)


def _spans(document: Entry, scale: Scale) -> Iterator[str]:
    """Draw the stages: every other one is shaded."""
    named: dict[tuple[float, float], list[str]] = {}
    for row in document["workloads"]:
        named.setdefault((row["load"]["begin_s"], row["load"]["end_s"]), []).append(row["name"])
    for at, ((begin, end), names) in enumerate(sorted(named.items())):
        left, right = scale.at(begin), scale.at(end)
        if at % 2 == 0:
            yield svg.box((left, TOP), (right - left, BOTTOM - TOP), "floor", title=", ".join(names))
        name = _WORKLOAD.sub("", names[0])
        if right - left > 6.5 * len(name):
            yield svg.text(((left + right) / 2, TOP - 8), name, "tick", anchor="middle")
