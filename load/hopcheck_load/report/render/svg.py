"""Scales and shapes for plots, as SVG in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]

LETTER = 6.8
"""The width of a letter, on average."""


@dataclass(frozen=True, slots=True)
class Format:
    """The size of pictures, in pixels.

    Attributes:
        width: Their width.
        left: The room for the labels of a vertical scale.
        right: The least room for the names at the ends of lines.
        apart: The least distance between the labels of a horizontal scale.
        has_figures: Whether there is room for figures next to a plot.
    """

    width: float
    left: float
    right: float
    apart: float
    has_figures: bool

    def margin(self, names: Iterable[str]) -> float:
        """Return the room for the names at the ends of lines."""
        return max([self.right, *(18 + LETTER * len(name) for name in names)])


WIDE = Format(900.0, 80.0, 130.0, 0.0, has_figures=True)
SLIM = Format(340.0, 54.0, 40.0, 46.0, has_figures=False)
"""For telephones."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to coordinates, linearly or by their logarithm.

    Attributes:
        low: The value at `start`.
        high: The value at `end`.
        start: In pixels.
        end: In pixels.
        log: Whether by the logarithm.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return a value's coordinate; a value outside the scale gets that of the border."""
        low, high, value = (
            (map(math.log10, (self.low, self.high, max(value, self.low))))
            if self.log
            else (
                self.low,
                self.high,
                value,
            )
        )
        part = (value - low) / (high - low) if high > low else 0.0
        return round(self.start + min(1.0, max(0.0, part)) * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Return a few round values within the scale."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def _linear_ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 5 or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    wide = math.log10(high / low) > 3
    found = [factor * 10.0**power for power in powers for factor in ((1,) if wide else (1, 2, 5))]
    return [value for value in found if low * 0.999 <= value <= high * 1.001]


def spread(places: Iterable[tuple[float, str]], form: Format) -> Iterator[tuple[float, str]]:
    """Return the labels of a horizontal scale, at their places, without those for which there is no room."""
    last = -form.width
    for at, label in places:
        if at - last >= form.apart:
            last = at
            yield at, label


def picture(form: Format, height: float, title: str, shapes: Iterable[str]) -> Markup:
    """Return a whole picture with its title, for screen readers."""
    body = Markup("\n").join(Markup(shape) for shape in shapes)  # noqa: S704 - every shape below escapes its texts
    return Markup(
        '<div class="picture"><svg viewBox="0 0 {0:g} {1:g}" role="img" aria-label="{2}" '
        'xmlns="http://www.w3.org/2000/svg">{3}</svg></div>'
    ).format(form.width, height, title, body)


def line(points: Sequence[Point], kind: str) -> str:
    """A line through points."""
    return f'<polyline class="{kind}" points="{_points(points)}"/>'


def area(points: Sequence[Point], kind: str) -> str:
    """A filled area."""
    return f'<polygon class="{kind}" points="{_points(points)}"/>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def box(place: Point, size: Point, kind: str, *, title: str = "", style: str = "") -> str:
    """A rectangle; its title is shown under the pointer."""
    (x, y), (width, height) = place, size
    tooltip = f"<title>{escape(title)}</title>" if title else ""
    attribute = f' style="{style}"' if style else ""
    frame = f'x="{x:g}" y="{y:g}" width="{max(width, 0):g}" height="{height:g}"'
    return f'<rect class="{kind}" {frame}{attribute}>{tooltip}</rect>'


def dot(place: Point, kind: str, *, title: str = "") -> str:
    """A point."""
    return f'<circle class="{kind}" cx="{place[0]:g}" cy="{place[1]:g}" r="4.5"><title>{escape(title)}</title></circle>'


def text(place: Point, words: str, kind: str = "", *, anchor: str = "start") -> str:
    """Words; `anchor` is `start`, `middle` or `end`."""
    return f'<text class="{kind}" x="{place[0]:g}" y="{place[1]:g}" text-anchor="{anchor}">{escape(words)}</text>'


def rule(start: Point, end: Point, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}"/>'
