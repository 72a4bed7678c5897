"""What every hop adds in every workload, in one plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from hopcheck_load.report.render import svg
from hopcheck_load.report.render.plots import Entry, colour
from hopcheck_load.report.render.svg import LETTER, WIDE, Format, Scale
from hopcheck_load.report.render.values import added as added_text
from hopcheck_load.report.render.values import interval, is_under_load, ms, tick

FIGURE = 102.0
ROW = 24.0
HEAD = 46.0
LEAST_MS = 1e-3
"""A logarithmic scale begins at a microsecond at the earliest: less is noise."""

_LINE = 9.0  # of each hop in a row
_MAX_FIGURES = 4  # hops whose figures stand to the right of the plot
_APART_FROM_LATENCY = ("itl", "service", "dispatch")

Row = tuple[str, Mapping[str, Entry], float | None]
"""What was measured, what each hop adds to it, and the noise floor."""


def comparison(document: Entry, form: Format = WIDE) -> Markup:
    """Draw what every hop adds in every workload: medians with their intervals, on a logarithmic scale."""
    rows = list(_rows(document))
    values = [value for row in rows for value in _values(row)]
    if not values:
        return Markup("")
    hops = list(dict.fromkeys(arm for _, added, _ in rows for arm in added))
    left = max(form.left, 14 + LETTER * max(len(what) for what, _, _ in rows))
    right = form.width - (20 + FIGURE * min(len(hops), _MAX_FIGURES) if form.has_figures else 12)
    scale = Scale(10 ** math.floor(math.log10(min(values))), max(values) * 1.6, left, right, log=True)
    high = max(ROW, _LINE * len(hops) + 10)
    height = HEAD + high * len(rows)
    shapes = [*_across(scale, height, form), *(_names(document, hops, right) if form.has_figures else ())]
    for at, row in enumerate(rows):
        shapes += _forest(document, scale, (HEAD + high * at, high), row, hops, form)
    return svg.picture(form, height + 4, "What each hop adds, median and interval", shapes)


def compared(document: Entry) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Return the same figures as text, for narrow screens: what it is, and for each hop (name, figure, colour)."""
    for what, added, floor in _rows(document):
        yield what, [(hop, _shown(entry, floor), colour(document, hop)) for hop, entry in added.items()]


def _rows(document: Entry) -> Iterator[Row]:
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            added = {arm: entry for arm, entry in measure["added"].items() if arm != "control"}
            if measure["name"] not in _APART_FROM_LATENCY and added:
                yield f"{_name(document, workload)} {measure['name']}", added, measure["floor"]


def _name(document: Entry, workload: Entry) -> str:
    if not is_under_load(document) or document["load"]["profile"] != "steps":
        return str(workload["name"])
    return f"{workload['load']['workload']} {workload['load']['rate']:g}/s"


def _values(row: Row) -> Iterator[float]:
    _, added, floor = row
    medians = (entry["median"]["value"] for entry in added.values())
    yield from (max(value, LEAST_MS) for value in (floor or 0.0, *medians) if value > 0 and math.isfinite(value))


def _shown(entry: Entry, floor: float | None) -> str:
    return added_text(entry, floor).removesuffix(" (noise)")


def _names(document: Entry, hops: Sequence[str], right: float) -> Iterator[str]:
    for at, hop in enumerate(hops[:_MAX_FIGURES]):
        name = hop if len(hop) < 13 else f"{hop[:11]}…"
        yield svg.text((right + FIGURE * (at + 1), 14.0), name, f"name small {colour(document, hop)}", anchor="end")


def _across(scale: Scale, height: float, form: Format) -> Iterator[str]:
    """Draw the ticks of a horizontal scale, and vertical lines."""
    places = [(scale.at(value), tick(value)) for value in scale.ticks()]
    yield from (svg.rule((x, 36), (x, height), "grid") for x, _ in places)
    yield from (svg.text((x, 30), label, "tick", anchor="middle") for x, label in svg.spread(places, form))


def _forest(
    document: Entry, scale: Scale, span: tuple[float, float], row: Row, hops: Sequence[str], form: Format
) -> Iterator[str]:
    what, added, floor = row
    top, high = span
    middle = top + high / 2
    yield svg.text((scale.start - 10, middle + 4), what, "label", anchor="end")
    yield svg.rule((8, top), (form.width - 8, top), "grid")
    if floor:
        size = (scale.at(floor) - scale.start, high - 4)
        yield svg.box((scale.start, top + 2), size, "floor", title=f"{what}: noise floor {ms(floor)}")
    for at, hop in enumerate(hops):
        if hop in added:
            y = middle + _LINE * (at - (len(hops) - 1) / 2)
            yield from _median(scale, y, added[hop]["median"], colour(document, hop), f"{what}, {hop}")
            if form.has_figures and at < _MAX_FIGURES:
                place = (scale.end + FIGURE * (at + 1), middle + 4)
                yield svg.text(place, _shown(added[hop], floor), "number", anchor="end")


def _median(scale: Scale, y: float, median: Entry, kind: str, what: str) -> Iterator[str]:
    if median["low"] is not None:
        yield svg.rule((scale.at(median["low"]), y), (scale.at(median["high"]), y), f"whisker {kind}")
    title = f"{what}: {ms(median['value'], sign=True)} ({interval(median)})"
    yield svg.dot((scale.at(median["value"]), y), f"dot {kind}", title=title)
