"""One soak: requests at a constant rate, and samples of the proxy's process meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from hopcheck.client import SessionOptions, Target, Untestable
from hopcheck.client.config import TargetConfig
from hopcheck.soak.requests import KINDS, RequestKind
from hopcheck.soak.samples import Sample, sample, slope_per_hour
from hopcheck_server.upstream.control.client import Control

MAX_SLOPE_MB = 1.0
"""An hour, after the warm-up."""

SLOPE_NEEDS_S = 600.0
"""A slope from less is no statement."""

SPARE_DESCRIPTORS = 16
"""That a proxy may hold at the end of a run besides those of its beginning: idle connections."""

READ_TIMEOUT_S = 30.0
SAMPLE_S = 1.0
FORGET_S = 5.0


@dataclass
class SoakReport:
    """What was seen.

    Attributes:
        ended: How many requests ended how, by kind and ending.
        samples: Of the proxy's process: before the traffic, during it, and after it.
        warm_s: How long the warm-up lasted.
    """

    warm_s: float
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def unexplained(self) -> list[tuple[str, str, int]]:
        """Endings that a kind of request must not have: kind, ending, how often."""
        expected = {kind.name: kind.expected for kind in KINDS}
        return [(name, how, number) for (name, how), number in self.ended.items() if how not in expected[name]]

    @property
    def slope_mb(self) -> float:
        """Growth of the resident memory after the warm-up, in MB an hour."""
        return slope_per_hour([(one.at_s, one.memory_mb) for one in self.samples if one.at_s >= self.warm_s])

    @property
    def measures_slope(self) -> bool:
        """Whether the run was long enough for a statement about growth."""
        return bool(self.samples) and self.samples[-1].at_s - self.warm_s >= SLOPE_NEEDS_S

    @property
    def kept_descriptors(self) -> int:
        """How many more the proxy held after the traffic than before it."""
        return self.samples[-1].descriptors - self.samples[0].descriptors if self.samples else 0

    def complaints(self) -> list[str]:
        """A sentence for each problem."""
        wrong = [f"{number} x {name} ended otherwise: {how}" for name, how, number in self.unexplained]
        if self.measures_slope and self.slope_mb >= MAX_SLOPE_MB:
            wrong.append(f"memory grows by {self.slope_mb:.1f} MB an hour; allowed is less than {MAX_SLOPE_MB:g}")
        if self.kept_descriptors > SPARE_DESCRIPTORS:
            wrong.append(f"{self.kept_descriptors} descriptors more than before were open after the traffic")
        return wrong


class Soak:
    """Sends traffic to a proxy whose provider plays the scripts of KINDS.

    Args:
        config: The proxy, as a target.
        control: The provider.
        pid: The proxy's process.
        warm_s: How long growth doesn't count.
    """

    def __init__(self, config: TargetConfig, control: Control, pid: int, warm_s: float) -> None:
        self.report = SoakReport(warm_s)
        self._config = config
        self._control = control
        self._pid = pid
        self._begun = time.monotonic()
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, per_second: float, seconds: float) -> None:
        """Send requests for so long, wait until they have ended, and sample the process all the time."""
        self._sample()
        watching = [asyncio.create_task(work) for work in (self._keep_sampling(), self._keep_forgetting())]
        try:
            await self._traffic(per_second, seconds)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, *self._asking, return_exceptions=True)
        self._sample()

    async def _keep_sampling(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            self._sample()

    def _sample(self) -> None:
        self.report.samples.append(sample(self._pid, time.monotonic() - self._begun))

    async def _keep_forgetting(self) -> None:
        """Let the provider forget what has ended: half an hour's journal would fill the memory of the machine."""
        while True:
            await asyncio.sleep(FORGET_S)
            for kind in KINDS:
                await self._control.take(kind.script)

    async def _traffic(self, per_second: float, seconds: float) -> None:
        for number in range(int(per_second * seconds)):
            due_s = self._begun + number / per_second
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            task = asyncio.create_task(self._ask(KINDS[number % len(KINDS)]))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, kind: RequestKind) -> None:
        options = SessionOptions(case_id=kind.script, read_timeout_s=READ_TIMEOUT_S, expects_limits=True)
        target = Target(self._config, None, options)
        try:
            how = await kind.ask(target)
        except Untestable as error:
            how = str(error)
        self.report.ended[kind.name, how] += 1
