"""How many requests a second the upstream answers, compared in turns with a bare fake on node's HTTP server.

    python tools/benchmarks/upstream_rate.py [--rounds 5] [--seconds 2]

Needs `wrk` and `node` on the PATH. A round asks node, the upstream without a marker and the upstream with one, at eight
connections and then at one, a few seconds each: what else the machine does in that time falls on all of them. CPU is
that of the server's process (user and system), and says more than the rate on a machine that is busy otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from hopcheck_server.upstream.script.marker import Marker

HERE = Path(__file__).parent
MANY = 8
UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}
COLUMNS = ("round", "node/s", "unmarked/s", "marked/s", "ratios", "CPU us a request", "p50 us at 1 connection")
LAYOUT = "{:>6} {:>9} {:>11} {:>9}  {:<11} {:<20} {}"


@dataclass
class Run:
    """One run of wrk: requests a second, the median latency and the server's CPU time a request in microseconds."""

    rate: float
    p50_us: float
    cpu_us: float


@dataclass
class Server:
    """A server to be asked, and the marker that stands in the requests' text, if any."""

    process: psutil.Process
    url: str
    marker: str = ""

    def run(self, connections: int, seconds: float) -> Run:
        """Ask it for so long."""
        script = str(HERE / "chat.lua")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", script, self.url]
        environment = {**os.environ, "MARKER": self.marker or "hi"}
        before = self._cpu_s()
        output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        cpu_s = self._cpu_s() - before
        if "Non-2xx" in output or "Socket errors" in output:
            sys.exit(f"not all of {self.url} was answered:\n{output}")
        return Run(_rate(output), _p50_us(output), cpu_s * 1e6 / int(_match(r"(\d+) requests in", output)[1]))

    def _cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


def _match(pattern: str, output: str) -> re.Match[str]:
    found = re.search(pattern, output)
    if found is None:
        sys.exit(f"wrk output something else than expected:\n{output}")
    return found


def _rate(output: str) -> float:
    return float(_match(r"Requests/sec:\s+([\d.]+)", output)[1])


def _p50_us(output: str) -> float:
    found = _match(r"50%\s+([\d.]+)(us|ms|s)", output)
    return float(found[1]) * UNITS[found[2]]


@contextmanager
def started(command: list[str]) -> Iterator[Server]:
    """Start a server that prints its URL at the end of its first line."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            yield Server(psutil.Process(process.pid), f"{url}/v1/chat/completions")
        finally:
            process.terminate()


def show(number: int, servers: list[Server], seconds: float) -> list[Run]:
    """Ask each in turn, and print a line; what was found at eight connections, then at one."""
    many = [server.run(MANY, seconds) for server in servers]
    one = [server.run(1, seconds) for server in servers]
    ratios = " ".join(f"{run.rate / many[0].rate:.2f}" for run in many[1:])
    cpu = " ".join(f"{run.cpu_us:.1f}" for run in many)
    p50 = " ".join(f"{run.p50_us:.0f}" for run in one)
    print(LAYOUT.format(number, *(f"{run.rate:.0f}" for run in many), ratios, cpu, p50), flush=True)
    return [*many, *one]


def summary(rounds: list[list[Run]]) -> str:
    """The medians over all rounds."""
    node, plain, marked = ([runs[place] for runs in rounds] for place in range(3))
    lines = []
    for name, runs, place in (("unmarked", plain, 4), ("marked", marked, 5)):
        ratios = [run.rate / other.rate for run, other in zip(runs, node, strict=True)]
        p50 = median(round_[place].p50_us for round_ in rounds)
        lines.append(
            f"{name}: {median(ratios):.2f} times node's rate (worst {min(ratios):.2f}), CPU "
            f"{median(run.cpu_us for run in runs):.1f} us a request, p50 {p50:.0f} us at 1 connection"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each run; a round has six")
    options = parser.parse_args()
    missing = [name for name in ("wrk", "node") if shutil.which(name) is None]
    if missing:
        sys.exit(f"not on the PATH: {', '.join(missing)}")
    upstream = [sys.executable, "-m", "hopcheck_server.upstream"]
    with started(["node", str(HERE / "node_fake.mjs")]) as node, started(upstream) as plain:
        marked = Server(plain.process, plain.url, str(Marker.make("my.case", "chat", "1")))
        print(LAYOUT.format(*COLUMNS), "(node, unmarked, marked)")
        rounds = [show(number + 1, [node, plain, marked], options.seconds) for number in range(options.rounds)]
    print(summary(rounds))


if __name__ == "__main__":
    main()
