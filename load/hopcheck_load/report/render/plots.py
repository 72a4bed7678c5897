"""The plots of a report, each a function of the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from hopcheck_load.report.render import svg
from hopcheck_load.report.render.svg import Scale
from hopcheck_load.report.render.values import interval, leg_names, ms, tick

WIDTH = 900.0
LEFT = 190.0
RIGHT = 130.0
ROW = 24.0
FIGURE = 102.0
LETTER = 6.8
APART = 14.0
_COLOURS = 6
_MAX_FIGURES = 4  # hops whose figures stand to the right of the plot

Entry = Mapping[str, Any]


def colour(document: Entry, arm: str) -> str:
    """Return the CSS class of an arm's colour."""
    hops = [one["name"] for one in document["arms"] if one["kind"] == "hop"]
    return f"hop{hops.index(arm) % _COLOURS}" if arm in hops else "plain"


def margin(names: Iterable[str]) -> float:
    """Return the width of the names at the ends of lines."""
    return max([RIGHT, *(22 + LETTER * len(name) for name in names)])


def comparison(document: Entry) -> Markup:
    """Draw what every hop adds in every workload: medians with their intervals, on a logarithmic scale."""
    rows = list(_compared(document))
    values = [
        abs(value)
        for _, added, floor in rows
        for value in (floor, *(entry["median"]["value"] for entry in added.values()))
        if value and math.isfinite(value)
    ]
    if not values:
        return Markup("")
    hops = list(dict.fromkeys(arm for _, added, _ in rows for arm in added))
    right = WIDTH - 20 - FIGURE * min(len(hops), _MAX_FIGURES)
    left = max(130.0, 14 + LETTER * max(len(what) for what, _, _ in rows))
    scale = Scale(10 ** math.floor(math.log10(min(values))), max(values) * 1.6, left, right, log=True)
    apart = 9.0
    high = max(ROW, apart * len(hops) + 10)
    height = 46 + high * len(rows)
    shapes = [*_across(scale, height), *_names(document, hops, right)]
    for at, row in enumerate(rows):
        shapes += _forest(document, scale, (46 + high * at, high), row, hops)
    return svg.picture(WIDTH, height + 4, "What each hop adds, median and interval", shapes)


def compared(document: Entry) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Return the same figures as text, for narrow screens: what it is, and for each hop (name, figure, colour)."""
    for what, added, floor in _compared(document):
        yield what, [(hop, _shown(entry, floor), colour(document, hop)) for hop, entry in added.items()]


def _shown(entry: Entry, floor: float | None) -> str:
    return f"≤ {ms(floor)}" if entry["within_floor"] else ms(entry["median"]["value"], sign=True)


def _names(document: Entry, hops: Sequence[str], right: float) -> Iterator[str]:
    for at, hop in enumerate(hops[:_MAX_FIGURES]):
        place = (right + FIGURE * (at + 1), 14.0)
        yield svg.text(
            place, hop if len(hop) < 13 else f"{hop[:11]}…", f"name small {colour(document, hop)}", anchor="end"
        )


def _compared(document: Entry) -> Iterator[tuple[str, Mapping[str, Entry], float | None]]:
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            added = {arm: entry for arm, entry in measure["added"].items() if arm != "control"}
            if measure["name"] != "itl" and added:
                yield f"{workload['name']} {measure['name']}", added, measure["floor"]


def _across(scale: Scale, height: float) -> Iterator[str]:
    """Draw the ticks of a horizontal scale, and vertical lines."""
    for value in scale.ticks():
        x = scale.at(value)
        yield svg.rule((x, 36), (x, height), "grid")
        yield svg.text((x, 30), tick(value), "tick", anchor="middle")


def _forest(
    document: Entry,
    scale: Scale,
    span: tuple[float, float],
    row: tuple[str, Mapping[str, Entry], float | None],
    hops: Sequence[str],
) -> Iterator[str]:
    what, added, floor = row
    top, high = span
    middle = top + high / 2
    yield svg.text((scale.start - 10, middle + 4), what, "label", anchor="end")
    yield svg.rule((20, top), (WIDTH - 20, top), "grid")
    if floor:
        size = (scale.at(floor) - scale.start, high - 4)
        yield svg.box((scale.start, top + 2), size, "floor", title=f"{what}: noise floor {ms(floor)}")
    for at, hop in enumerate(hops):
        if hop in added:
            y = middle + 9.0 * (at - (len(hops) - 1) / 2)
            yield from _median(scale, y, added[hop]["median"], colour(document, hop), f"{what}, {hop}")
            if at < _MAX_FIGURES:
                shown = _shown(added[hop], floor)
                yield svg.text((scale.end + FIGURE * (at + 1), middle + 4), shown, "number", anchor="end")


def _median(scale: Scale, y: float, median: Entry, kind: str, what: str) -> Iterator[str]:
    if median["low"] is not None:
        yield svg.rule((scale.at(median["low"]), y), (scale.at(median["high"]), y), f"whisker {kind}")
    title = f"{what}: {ms(median['value'], sign=True)} ({interval(median)})"
    yield svg.dot((scale.at(median["value"]), y), f"dot {kind}", title=title)


def by_quantile(document: Entry, workload: Entry, measure: Entry) -> Markup:
    """Draw the difference of quantiles from p5 on, each with its band; the control shows what noise looks like."""
    curves = {arm: entry["curve"] for arm, entry in measure["added"].items() if len(entry["curve"]) > 1}
    ends = [
        point[end]
        for curve in curves.values()
        for point in curve
        for end in ("low", "high")
        if point[end] is not None and math.isfinite(point[end])
    ]
    if not ends:
        return Markup("")
    places = sorted({point["quantile"] for curve in curves.values() for point in curve})
    x = Scale(places[0], places[-1], 70, WIDTH - margin(curves))
    y = _upright(min(0.0, *ends), max(ends))
    shapes = [*_up(y, x.end), *(_under(x, one) for one in places if round(one * 100) % 10 == 0 or one >= 0.95)]
    ends_of = {}
    for arm, curve in curves.items():
        shapes += _band(curve, x, y, colour(document, arm))
        ends_of[arm] = (x.at(curve[-1]["quantile"]), y.at(curve[-1]["value"])), colour(document, arm)
    shapes += end_labels(ends_of)
    return svg.picture(WIDTH, 300, f"{measure['name']} added in {workload['name']}, by quantile", shapes)


def _upright(low: float, high: float) -> Scale:
    room = (high - low) * 0.06 or 1.0
    return Scale(low - room, high + room, 265, 15)


def _up(scale: Scale, right: float) -> Iterator[str]:
    for value in scale.ticks():
        y = scale.at(value)
        yield svg.rule((70, y), (right, y), "zero" if value == 0 else "grid")
        yield svg.text((62, y + 4), tick(value), "tick", anchor="end")


def _under(scale: Scale, quantile: float) -> str:
    return svg.text((scale.at(quantile), 286), f"p{100 * quantile:g}", "tick", anchor="middle")


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


def over_time(document: Entry, measure: Entry) -> Markup:
    """Draw the differences over time, which shows drift."""
    every = {arm: entry["over_time"] for arm, entry in measure["added"].items()}
    series = {arm: one for arm, one in every.items() if sum(value is not None for value in one) > 1}
    values = [value for one in series.values() for value in one if value is not None]
    if not values:
        return Markup("")
    y = _upright(min(0.0, *values), max(values))
    right = WIDTH - margin(series)
    shapes, ends = list(_up(y, right)), {}
    for arm, one in series.items():
        x = Scale(0, len(one) - 1, 70, right)
        points = [(x.at(place), y.at(value)) for place, value in enumerate(one) if value is not None]
        shapes.append(svg.line(points, f"line {colour(document, arm)}"))
        ends[arm] = points[-1], colour(document, arm)
    shapes += end_labels(ends)
    return svg.picture(WIDTH, 280, "The differences in the course of the run", shapes)


def legs(workload: Entry) -> Markup:
    """Draw where the time goes: to the upstream, there, and back."""
    names = leg_names(workload)
    rows = [(arm, [one.get(name) or 0.0 for name in names]) for arm, one in workload["legs"].items()]
    longest = max((sum(parts) for _, parts in rows), default=0.0)
    if not longest:
        return Markup("")
    scale = Scale(0, longest, 0, WIDTH - LEFT - RIGHT)
    shapes = []
    for at, (arm, parts) in enumerate(rows):
        y, x = ROW * at + 2, LEFT
        shapes.append(svg.text((LEFT - 10, y + 15), arm, "label", anchor="end"))
        for name, part in zip(names, parts, strict=True):
            shapes.append(svg.box((x, y), (scale.at(part), ROW - 6), f"leg {name}", title=f"{arm}, {name}: {ms(part)}"))
            x += scale.at(part)
        shapes.append(svg.text((x + 8, y + 15), ms(sum(parts)), "number"))
    return svg.picture(WIDTH, ROW * len(rows) + 4, f"Where the time goes in {workload['name']}", shapes)


def lag_strip(workload: Entry) -> Markup:
    """Draw the lag of each event of a stream by its place: the darker the later, on a logarithmic scale."""
    rows = {arm: one["lag_by_event"] for arm, one in workload["delivery"].items() if one["lag_by_event"]}
    values = [value for row in rows.values() for value in row if value]
    if not values:
        return Markup("")
    strength = Scale(min(values), max(max(values), min(values) * 1.01), 0.04, 1.0, log=True)
    shapes = []
    for at, (arm, row) in enumerate(rows.items()):
        y = ROW * at
        shapes.append(svg.text((LEFT - 10, y + 16), arm, "label", anchor="end"))
        width = (WIDTH - LEFT - RIGHT) / len(row)
        for place, value in enumerate(row):
            title = f"{arm}, event {place}: {ms(value)}"
            spot = (LEFT + place * width, y + 2)
            shapes.append(
                svg.box(spot, (width - 1, ROW - 4), "heat", title=title, style=f"opacity:{strength.at(value or 0):g}")
            )
        middle = sorted(row)[len(row) // 2]
        shapes.append(svg.text((WIDTH - RIGHT + 12, y + 16), ms(middle), "number"))
    shapes.append(svg.text((LEFT, ROW * len(rows) + 16), "first event", "tick"))
    shapes.append(svg.text((WIDTH - RIGHT, ROW * len(rows) + 16), "last event", "tick", anchor="end"))
    return svg.picture(WIDTH, ROW * len(rows) + 22, f"Lag of each event in {workload['name']}", shapes)
