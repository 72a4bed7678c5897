"""What a process holds while it runs: memory and descriptors, and whether they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

PAGE_BYTES = 4096
MB = 1e6


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process, with those that it started, held at a moment.

    Attributes:
        at_s: From the beginning of the run.
        memory_mb: Resident.
        descriptors: Open files and sockets.
    """

    at_s: float
    memory_mb: float
    descriptors: int


def sample(pid: int, at_s: float) -> Sample:
    """Look at a process of this host."""
    family = _family(pid)
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in family)
    descriptors = sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in family)
    return Sample(at_s, pages * PAGE_BYTES / MB, descriptors)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def slope_per_hour(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line through points (seconds, value) that fits them best, for an hour; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle_s, middle = fmean(at_s for at_s, _ in points), fmean(value for _, value in points)
    spread = sum((at_s - middle_s) ** 2 for at_s, _ in points)
    return sum((at_s - middle_s) * (value - middle) for at_s, value in points) / spread * 3600 if spread else 0.0
