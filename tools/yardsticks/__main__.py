"""Compare LLM-Proxy with the thin relay, block by block: `python -m tools.yardsticks [--rounds 7]`.

Each round asks the upstream directly, the thin relay and LLM-Proxy, in turns and in changing order, so that what else
the machine does falls on all of them. Printed are medians over the rounds, and the ratios with their range; added
is the time through a proxy less the time without one. The exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

import uvloop

from hopcheck_load.measurement.priority import real_time
from hopcheck_server.upstream.control.client import RemoteControl
from tools.yardsticks import servers
from tools.yardsticks.servers import Arm
from tools.yardsticks.workloads import (
    BARS,
    OPENED,
    OPENED_BAR,
    WORKLOADS,
    Block,
    Workload,
    block,
    opened_at_once,
    quantile,
    scripts,
)


@dataclass(frozen=True)
class Arms:
    """The three ways: without a proxy, by the yardstick, by the reference."""

    direct: Arm
    thin: Arm
    reference: Arm

    def in_order(self, number: int) -> list[Arm]:
        """The ways, beginning with another one each round."""
        arms = [self.direct, self.thin, self.reference]
        return arms[number % 3 :] + arms[: number % 3]


async def _compared(workload: Workload, arms: Arms, rounds: int) -> bool:
    found: dict[str, list[Block]] = {arm.name: [] for arm in arms.in_order(0)}
    for number in range(rounds):
        for arm in arms.in_order(number):
            found[arm.name].append(await block(workload, arm))
    direct, thin, reference = found.values()
    cpu = [ours.cpu_s / theirs.cpu_s for ours, theirs in zip(reference, thin, strict=True)]
    floor_s = median(one.time_s for one in direct)
    added = [median(one.time_s for one in blocks) - floor_s for blocks in (thin, reference)]
    ratios = median(cpu), added[1] / added[0]
    print(
        f"{workload.name:<24} CPU {_ms(thin)} → {_ms(reference)}: {_ratios(cpu)}   "
        f"added {added[0] * 1e3:.3f} → {added[1] * 1e3:.3f} ms: {ratios[1]:.2f} x   bar {BARS[workload.name]} x",
        flush=True,
    )
    return max(ratios) <= BARS[workload.name]


def _ratios(values: Sequence[float]) -> str:
    return f"{median(values):.2f} x ({min(values):.2f} … {max(values):.2f})"


def _ms(blocks: Sequence[Block]) -> str:
    return f"{median(one.cpu_s for one in blocks) * 1e3:.3f} ms"


async def _opened(arms: Arms, rounds: int, count: int) -> bool:
    thin: list[tuple[float, float]] = []
    ours: list[tuple[float, float]] = []
    for number in range(rounds):
        for arm in (arms.thin, arms.reference) if number % 2 else (arms.reference, arms.thin):
            times = await opened_at_once(arm, count)
            (thin if arm is arms.thin else ours).append((quantile(times, 0.5), quantile(times, 0.99)))
    ratios = [mine[1] / theirs[1] for mine, theirs in zip(ours, thin, strict=True)]
    halves, p99 = ([median(pair[place] * 1e3 for pair in found) for found in (thin, ours)] for place in (0, 1))
    print(
        f"{count} {OPENED.name}: first byte p50 {halves[0]:.0f} → {halves[1]:.0f} ms, p99 "
        f"{p99[0]:.0f} → {p99[1]:.0f} ms: {_ratios(ratios)}   bar {OPENED_BAR} x"
    )
    return bool(median(ratios) <= OPENED_BAR)


async def _run(options: argparse.Namespace) -> bool:
    variables = dict(text.split("=", 1) for text in options.set)
    async with AsyncExitStack() as running:
        direct = await running.enter_async_context(servers.upstream())
        thin = await running.enter_async_context(servers.thin_relay(direct))
        reference = await running.enter_async_context(servers.reference(direct, variables))
        control = RemoteControl(f"http://127.0.0.1:{direct.port}")
        await control.load(scripts())
        await control.aclose()
        arms = Arms(direct, thin, reference)
        print(f"load average {os.getloadavg()[0]:.1f} at the beginning; thin relay → LLM-Proxy", flush=True)
        chosen = [one for one in WORKLOADS if options.only in one.name]
        held = [await _compared(workload, arms, options.rounds) for workload in chosen]
        if options.only in OPENED.name:
            held.append(await _opened(arms, max(3, options.rounds // 2), options.streams))
    print(f"load average {os.getloadavg()[0]:.1f} at the end")
    return all(held)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.yardsticks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", metavar="TEXT", help="only what has this in its name")
    parser.add_argument("--streams", type=int, default=OPENED.block, help="opened at once (%(default)s)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="VARIABLE=VALUE", help="a setting of LLM-Proxy for this run"
    )
    parser.add_argument(
        "--real-time", action="store_true", help="run all processes at real-time priority, on a machine that is busy"
    )
    options = parser.parse_args(words)
    with real_time(options.real_time):
        return 0 if uvloop.run(_run(options)) else 1


if __name__ == "__main__":
    sys.exit(main())
