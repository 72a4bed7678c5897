"""The machine that the measurement runs on, and whether it is busy with other work."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WATCH_S = 0.5
"""How long the processors are watched before a measurement begins."""

BUSY_SHARE = 0.15
"""A machine counts as busy if other work takes more than this share of the processors' time."""

STEAL_SHARE = 0.02
"""It also counts as busy if other machines on its host take more than this share."""

_STAT = Path("/proc/stat")
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class ProcessorTicks:
    """The processors' time since the machine started, in clock ticks."""

    total: int = 0
    idle: int = 0
    stolen: int = 0

    @classmethod
    def now(cls) -> ProcessorTicks:
        """Read the ticks; all are 0 where the system has no /proc/stat."""
        try:
            numbers = [int(word) for word in _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
        except (OSError, ValueError):
            return cls()
        return cls(sum(numbers[:8]), numbers[3] + numbers[4], numbers[7])

    def since(self, earlier: ProcessorTicks) -> tuple[float, float]:
        """Return the (busy, stolen) shares of the time since then; 0 where the system has no /proc/stat."""
        total = self.total - earlier.total
        if total <= 0:
            return 0.0, 0.0
        return 1 - (self.idle - earlier.idle) / total, (self.stolen - earlier.stolen) / total


def stolen_share(before: ProcessorTicks) -> float:
    """Return the share of the processors' time that other machines on the host have taken since then."""
    return round(ProcessorTicks.now().since(before)[1], 4)


def describe() -> dict[str, Any]:
    """Return the machine's part of the report, after watching it for `WATCH_S` while nothing is measured."""
    before = ProcessorTicks.now()
    time.sleep(WATCH_S)  # the machine is watched for that long: there is no event to wait for
    busy, stolen = ProcessorTicks.now().since(before)
    return {
        "processor": _processor(),
        "processors": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "load_before": round(_load(), 2),
        "busy_before": round(busy, 3),
        "stolen": round(stolen, 4),
    }


def complaints(machine: dict[str, Any]) -> list[str]:
    """Return the reasons why figures of that machine are less certain than they look."""
    found = []
    if machine["busy_before"] > BUSY_SHARE:
        found.append(f"{machine['busy_before']:.0%} of the processors' time was taken before the measurement began")
    if machine["stolen"] > STEAL_SHARE:
        found.append(f"{machine['stolen']:.1%} of the processors' time went to other machines on the host")
    return found


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def _processor() -> str:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
