"""The plots of a report, each a function of the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from hopcheck_load.report.render import svg
from hopcheck_load.report.render.svg import LETTER, WIDE, Format, Scale
from hopcheck_load.report.render.values import leg_names, ms, tick

ROW = 24.0
APART = 14.0
FIGURE = 74.0  # the room for a figure at the end of a bar
_COLOURS = 6

Entry = Mapping[str, Any]


def colour(document: Entry, arm: str) -> str:
    """Return the CSS class of an arm's colour."""
    hops = [one["name"] for one in document["arms"] if one["kind"] == "hop"]
    return f"hop{hops.index(arm) % _COLOURS}" if arm in hops else "plain"


def by_quantile(document: Entry, workload: Entry, measure: Entry, form: Format = WIDE) -> Markup:
    """Draw the difference of quantiles from p5 on, each with its band; the control shows what noise looks like."""
    curves = {arm: entry["curve"] for arm, entry in measure["added"].items() if len(entry["curve"]) > 1}
    ends = [
        point[end]
        for curve in curves.values()
        for point in curve
        for end in ("value", "low", "high")
        if point[end] is not None and math.isfinite(point[end])
    ]
    if not ends:
        return Markup("")
    places = sorted({point["quantile"] for curve in curves.values() for point in curve})
    x = Scale(places[0], places[-1], form.left, form.width - form.margin(curves))
    y = _upright(min(0.0, *ends), max(ends))
    labels = [(x.at(one), f"p{100 * one:g}") for one in places if round(one * 100) % 10 == 0 or one >= 0.95]
    shapes = [*_up(y, x.end, form), *(_under(at, name) for at, name in svg.spread(labels, form))]
    ends_of = {}
    for arm, curve in curves.items():
        shapes += _band(curve, x, y, colour(document, arm))
        ends_of[arm] = (x.at(curve[-1]["quantile"]), y.at(curve[-1]["value"])), colour(document, arm)
    shapes += end_labels(ends_of)
    return svg.picture(form, 300, f"{measure['name']} added in {workload['name']}, by quantile", shapes)


def _upright(low: float, high: float) -> Scale:
    room = (high - low) * 0.06 or 1.0
    return Scale(low - room, high + room, 265, 15)


def _up(scale: Scale, right: float, form: Format) -> Iterator[str]:
    for value in scale.ticks():
        y = scale.at(value)
        yield svg.rule((form.left, y), (right, y), "zero" if value == 0 else "grid")
        yield svg.text((form.left - 8, y + 4), tick(value), "tick", anchor="end")


def _under(at: float, label: str) -> str:
    return svg.text((at, 286), label, "tick", anchor="middle")


def _band(curve: Sequence[Entry], x: Scale, y: Scale, kind: str) -> list[str]:
    sure = [point for point in curve if point["low"] is not None]
    there = [(x.at(point["quantile"]), y.at(point["high"])) for point in sure]
    back = [(x.at(point["quantile"]), y.at(point["low"])) for point in reversed(sure)]
    points = [(x.at(point["quantile"]), y.at(point["value"])) for point in curve]
    return [svg.area([*there, *back], f"band {kind}"), svg.line(points, f"line {kind}")]


def end_labels(ends: Mapping[str, tuple[svg.Point, str]]) -> Iterator[str]:
    """Draw the names of lines at their ends, moved apart where they would overlap."""
    lowest = -APART
    for name, ((x, y), kind) in sorted(ends.items(), key=lambda one: one[1][0][1]):
        lowest = max(y, lowest + APART)
        yield svg.text((x + 9, lowest + 4), name, f"name {kind}")


def over_time(document: Entry, measure: Entry, form: Format = WIDE) -> Markup:
    """Draw the differences over time, which shows drift."""
    every = {arm: entry["over_time"] for arm, entry in measure["added"].items()}
    series = {arm: one for arm, one in every.items() if sum(value is not None for value in one) > 1}
    values = [value for one in series.values() for value in one if value is not None]
    if not values:
        return Markup("")
    y = _upright(min(0.0, *values), max(values))
    right = form.width - form.margin(series)
    shapes, ends = list(_up(y, right, form)), {}
    for arm, one in series.items():
        x = Scale(0, len(one) - 1, form.left, right)
        points = [(x.at(place), y.at(value)) for place, value in enumerate(one) if value is not None]
        shapes.append(svg.line(points, f"line {colour(document, arm)}"))
        ends[arm] = points[-1], colour(document, arm)
    shapes += end_labels(ends)
    return svg.picture(form, 280, "The differences in the course of the run", shapes)


def legs(workload: Entry, form: Format = WIDE) -> Markup:
    """Draw where the time goes: to the upstream, there, and back."""
    names = leg_names(workload)
    rows = [(arm, [one.get(name) or 0.0 for name in names]) for arm, one in workload["legs"].items()]
    longest = max((sum(parts) for _, parts in rows), default=0.0)
    if not longest:
        return Markup("")
    left = _left(workload["legs"])
    scale = Scale(0, longest, 0, form.width - left - FIGURE)
    shapes = [_label(left, at, arm) for at, (arm, _) in enumerate(rows)]
    for at, (arm, parts) in enumerate(rows):
        y, x = ROW * at + 2, left
        for name, part in zip(names, parts, strict=True):
            shapes.append(svg.box((x, y), (scale.at(part), ROW - 6), f"leg {name}", title=f"{arm}, {name}: {ms(part)}"))
            x += scale.at(part)
        shapes.append(svg.text((x + 8, y + 15), ms(sum(parts)), "number"))
    return svg.picture(form, ROW * len(rows) + 4, f"Where the time goes in {workload['name']}", shapes)


def _left(names: Iterable[str]) -> float:
    """Return the room for the names of rows."""
    return 14 + LETTER * max(map(len, names))


def _label(left: float, at: int, name: str) -> str:
    return svg.text((left - 8, ROW * at + 17), name, "label", anchor="end")


def lag_strip(workload: Entry, form: Format = WIDE) -> Markup:
    """Draw the lag of each event of a stream by its place: the darker the later, on a logarithmic scale."""
    rows = {arm: one["lag_by_event"] for arm, one in workload["delivery"].items() if one["lag_by_event"]}
    values = [value for row in rows.values() for value in row if value]
    if not values:
        return Markup("")
    strength = Scale(min(values), max(max(values), min(values) * 1.01), 0.04, 1.0, log=True)
    left, right, shapes = _left(rows), form.width - FIGURE, []
    for at, (arm, row) in enumerate(rows.items()):
        shapes += [_label(left, at, arm), *_spots(arm, row, (left, ROW * at + 2, right), strength)]
        shapes.append(svg.text((right + 10, ROW * at + 16), ms(sorted(row)[len(row) // 2]), "number"))
    low = ROW * len(rows)
    shapes.append(svg.text((left, low + 16), "first event", "tick"))
    shapes.append(svg.text((right, low + 16), "last event", "tick", anchor="end"))
    return svg.picture(form, low + 22, f"Lag of each event in {workload['name']}", shapes)


def _spots(arm: str, row: Sequence[float], span: tuple[float, float, float], strength: Scale) -> Iterator[str]:
    """Draw a row of the strip between left and right; `span` is (left, top, right)."""
    left, top, right = span
    width = (right - left) / len(row)
    for place, value in enumerate(row):
        style = f"opacity:{strength.at(value or 0):g}"
        title, size = f"{arm}, event {place}: {ms(value)}", (width * 0.92, ROW - 4)
        yield svg.box((left + place * width, top), size, "heat", title=title, style=style)
