"""What it is measured on, and whether it has anything else to do."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOK_S = 0.5
"""How long the processors are watched before a measurement begins."""

BUSY_SHARE = 0.15
"""With more of the processors' time taken by others, a machine counts as busy."""

STEAL_SHARE = 0.02
"""With more of it taken by other machines on the same host, too."""

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
        """Read it; all 0 where the system doesn't tell."""
        try:
            numbers = [int(word) for word in _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
        except (OSError, ValueError):
            return cls()
        return cls(sum(numbers[:8]), numbers[3] + numbers[4], numbers[7])

    def since(self, earlier: ProcessorTicks) -> tuple[float, float]:
        """Shares of the time between: (busy, stolen); 0 where the system doesn't tell."""
        total = self.total - earlier.total
        if total <= 0:
            return 0.0, 0.0
        return 1 - (self.idle - earlier.idle) / total, (self.stolen - earlier.stolen) / total


def look() -> dict[str, Any]:
    """Describe the machine, and watch what it does while nothing is measured; takes `LOOK_S` seconds."""
    before = ProcessorTicks.now()
    time.sleep(LOOK_S)  # the machine is watched for that long: there is nothing else to wait for
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
    """Why figures of that machine are less certain than they look; empty if nothing speaks against them."""
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
