"""High dynamic range histograms by name: they merge what many workers measured, without their records.

Values are nanoseconds, to three digits. The encoding is HdrHistogram's own, which its other tools read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hdrh.histogram import HdrHistogram

from hopcheck_load.stats.sample_size import has_enough_values

LOWEST_NS = 100
HIGHEST_NS = 3_600_000_000_000
DIGITS = 3

_SHOWN = (0.5, 0.9, 0.99, 0.999)


def empty() -> HdrHistogram:
    """Return a histogram without values."""
    return HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)


class Histograms:
    """Histograms by name."""

    def __init__(self) -> None:
        """Start without histograms."""
        self._kept: dict[str, HdrHistogram] = {}

    def record(self, name: str, values_ns: Iterable[int]) -> None:
        """Count values; a value outside the range counts as the nearest border."""
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = empty()
        for value in values_ns:
            kept.record_value(min(max(value, LOWEST_NS), HIGHEST_NS))

    def names(self) -> list[str]:
        """Return the names in order."""
        return sorted(self._kept)

    def count(self, name: str) -> int:
        """Return how many values a histogram holds; 0 if there is none of that name."""
        return int(self._kept[name].get_total_count()) if name in self._kept else 0

    def quantile_ms(self, name: str, quantile: float) -> float:
        """Return a quantile in milliseconds."""
        return float(self._kept[name].get_value_at_percentile(100 * quantile)) / 1e6

    def encode(self) -> dict[str, str]:
        """Return the histograms as text, for a message or a file."""
        return {name: kept.encode().decode("ascii") for name, kept in self._kept.items()}

    def add(self, encoded: Mapping[str, str]) -> None:
        """Add the encoded histograms of another worker or machine."""
        for name, text in encoded.items():
            self._kept.setdefault(name, empty()).decode_and_add(text.encode("ascii"))


def encoded(values_ns: Iterable[int]) -> str:
    """Return one histogram of values, encoded."""
    histograms = Histograms()
    histograms.record("", values_ns)
    return histograms.encode()[""]


def table_lines(histograms: Histograms) -> Iterator[str]:
    """Return a table of quantiles in milliseconds, to the microsecond; "—" where there are too few values."""
    heads = (*(f"p{100 * one:g}" for one in _SHOWN), "max")
    yield f"{'milliseconds':<52}{'count':>9}" + "".join(f"{head:>11}" for head in heads)
    for name in histograms.names():
        count = histograms.count(name)
        tails = (f"{histograms.quantile_ms(name, one):.3f}" if has_enough_values(count, one) else "—" for one in _SHOWN)
        cells = (*tails, f"{histograms.quantile_ms(name, 1.0):.3f}")
        yield f"{name:<52}{count:>9}" + "".join(f"{cell:>11}" for cell in cells)
