"""Processor time and memory of processes, each with all its child processes.

Memory is the resident set, so pages that processes share count in each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from time import monotonic_ns
from typing import Any, NamedTuple

import psutil

from hopcheck_load.measurement.records import Arm, Measurement
from hopcheck_server.exits import USAGE, Stop
from hopcheck_server.wire.pool import Origin

UPSTREAM = "upstream"
"""The name of the upstream's process."""

_MB = 1_000_000
_LOCAL = ("127.0.0.1", "localhost", "::1")


class UsageSample(NamedTuple):
    """The usage of a process and its children at one time.

    Attributes:
        at_ns: The time (CLOCK_MONOTONIC).
        cpu_s: The processor time so far, user and system.
        rss: The resident bytes.
    """

    at_ns: int
    cpu_s: float
    rss: int


@dataclass
class WatchedProcess:
    """A process and its samples.

    Attributes:
        name: The name of its hop, or any other.
        pid: Its process id.
        samples: Its usage, in the order of time.
    """

    name: str
    pid: int
    samples: list[UsageSample] = field(default_factory=list)

    def sample(self) -> None:
        """Take a sample, unless the process is gone."""
        try:
            self.samples.append(_sample(psutil.Process(self.pid)))
        except psutil.Error:
            return


def _sample(process: psutil.Process) -> UsageSample:
    times = process.cpu_times()
    cpu_s, rss = times.user + times.system, process.memory_info().rss
    for child in process.children(recursive=True):
        try:
            own = child.cpu_times()
            cpu_s, rss = cpu_s + own.user + own.system, rss + child.memory_info().rss
        except psutil.Error:
            continue
    return UsageSample(monotonic_ns(), cpu_s, rss)


class ProcessWatch:
    """Watches the processes that were given, and those that listen on the ports of local hops and of the upstream.

    Attributes:
        watched: The processes.
    """

    def __init__(self, given: Sequence[str], arms: Iterable[Arm], upstream_url: str) -> None:
        """Find the processes, and take a first sample while they are idle.

        Args:
            given: Processes as `NAME=PID`.
            arms: All arms; a hop whose name was given isn't searched for.
            upstream_url: The upstream's URL.

        Raises:
            Stop: A `NAME=PID` can't be read, or there is no such process.
        """
        found = dict(map(_given, given))
        listening = _listening()
        urls = {arm.name: arm.url for arm in arms if arm.kind == "hop"} | {UPSTREAM: upstream_url}
        for name, url in urls.items():
            origin = Origin.of(url)
            pid = listening.get(origin.port) if origin.host in _LOCAL else None
            if pid and pid not in found.values():
                found.setdefault(name, pid)
        self.watched = [WatchedProcess(name, pid) for name, pid in found.items()]
        self.sample()

    def sample(self) -> None:
        """Take a sample of each process."""
        for one in self.watched:
            one.sample()

    def document(self) -> list[dict[str, Any]]:
        """Return the processes as JSON, for the header."""
        return [asdict(one) for one in self.watched]


def _given(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not name or not number.isdigit():
        raise Stop(USAGE, f"{text!r} is no process: give a name and its id, as in --pid litellm=4711.")
    if not psutil.pid_exists(int(number)):
        raise Stop(USAGE, f"there is no process {number}; --pid {text} names none.")
    return name, int(number)


def _listening() -> Mapping[int, int]:
    """Return the process that listens on each port, the first if several do; nothing where the system hides that."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return {}
    found: dict[int, int] = {}
    for one in connections:
        if one.status == psutil.CONN_LISTEN and one.pid and one.laddr:
            found[one.laddr.port] = min(one.pid, found.get(one.laddr.port, one.pid))
    return found


def summary(
    process: Mapping[str, Any], spans: Mapping[str, tuple[int, int]], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Return a process's part of the report.

    Args:
        process: Its entry in the header (see `ProcessWatch.document`).
        spans: The (begin, end) of each row of the report, in CLOCK_MONOTONIC nanoseconds.
        counts: The number of exchanges in each row's time, by arm.

    Returns:
        `{name, pid, rss_idle_mb, rss_load_mb, rss_after_mb, cpu}`; `cpu` by row: `{seconds, exchanges, ms_each}`.
    """
    samples = [UsageSample(*one) for one in process["samples"]]
    memory = [one.rss / _MB for one in samples]
    inside = [one.rss / _MB for one in samples if any(begin <= one.at_ns <= end for begin, end in spans.values())]
    return {
        "name": process["name"],
        "pid": process["pid"],
        "rss_idle_mb": round(memory[0], 1) if memory else None,
        "rss_load_mb": round(max(inside or memory), 1) if memory else None,
        "rss_after_mb": round(memory[-1], 1) if memory else None,
        "cpu": {
            row: _cpu(samples, span, _through(process["name"], counts.get(row, {})))
            for row, span in spans.items()
            if samples and samples[0].at_ns <= span[0] and span[1] <= samples[-1].at_ns
        },
    }


def at_rest(measurement: Measurement) -> list[dict[str, Any]]:
    """Return the summaries of the processes that were watched at rest, workload by workload."""
    spans: dict[str, tuple[int, int]] = {}
    numbers: dict[str, Counter[str]] = {}
    for record in measurement.records:
        numbers.setdefault(record.workload, Counter())[record.arm] += 1
        if not record.failure:
            begin, end = spans.get(record.workload, (record.sent_ns, record.done_ns))
            spans[record.workload] = min(begin, record.sent_ns), max(end, record.done_ns)
    return [summary(process, spans, numbers) for process in measurement.header.processes]


def _through(name: str, counts: Mapping[str, int]) -> int:
    """Return how many exchanges went through a process: a hop's own, all for the upstream, else those of all hops."""
    if name in counts:
        return counts[name]
    return sum(number for arm, number in counts.items() if name == UPSTREAM or arm not in ("direct", "control"))


def _cpu(samples: Sequence[UsageSample], span: tuple[int, int], exchanges: int) -> dict[str, Any]:
    seconds = _at(samples, span[1]) - _at(samples, span[0])
    each = round(seconds * 1e3 / exchanges, 4) if exchanges else None
    return {"seconds": round(seconds, 3), "exchanges": exchanges, "ms_each": each}


def _at(samples: Sequence[UsageSample], at_ns: int) -> float:
    """Return the processor time at an instant, interpolated between two samples."""
    after = next(place for place, one in enumerate(samples) if one.at_ns >= at_ns)
    if after == 0:
        return samples[0].cpu_s
    first, second = samples[after - 1], samples[after]
    part = (at_ns - first.at_ns) / max(1, second.at_ns - first.at_ns)
    return first.cpu_s + part * (second.cpu_s - first.cpu_s)
