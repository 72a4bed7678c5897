"""How the gate copes with a rate limit that nobody declared: `python -m tools.rate_limited_gateway [--silent]`.

Runs the whole gate on a gateway that lets 20 requests a second through, all clients together, and declares nothing of
it; prints how many exchanges it took, in which time, and why cases could not be asked. With `--silent`, a refusal
doesn't say when to come back.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import ClassVar

from hopcheck import IncomingRequest, Relay, RelayedResponse, refuse
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.selftest.relay_host import RelayHost

LIMIT = 20
"""Requests that pass in a second."""


class LimitsEverybody(Relay):
    """A relay that lets 20 requests a second through; a refusal says to wait for a second."""

    says: ClassVar[tuple[tuple[str, str], ...]] = (("Retry-After", "1"),)

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse what is over the limit."""
        passed: deque[float] = self.__dict__.setdefault("passed", deque())
        now = time.monotonic()
        while passed and passed[0] <= now - 1:
            passed.popleft()
        if len(passed) >= LIMIT:
            return refuse(incoming, 429, "Too many requests.", code="rate_limit_exceeded", headers=self.says)
        passed.append(now)
        return await super().authorize(incoming)


class LimitsInSilence(LimitsEverybody):
    """The same, and a refusal doesn't say when to come back."""

    says: ClassVar[tuple[tuple[str, str], ...]] = ()


async def run_gate(relay: type[Relay]) -> GateResult:
    """Gate a relay that declares no limits."""
    cases = select(all_cases().values())
    async with RelayHost({"relay": relay}, cases) as host:
        context = host.context("relay")
        declares = replace(context.config.declares, rate_limit=None, concurrency_limit=None)
        config = replace(context.config, declares=declares)
        context = replace(context, config=config)
        options = GateOptions(config=config, cases=cases)
        return await gate(options, asyncio.Event(), lambda *_: None, nullcontext(context))


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures; the exit code is 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--silent", action="store_true", help="refusals without Retry-After")
    result = asyncio.run(run_gate(LimitsInSilence if parser.parse_args(words).silent else LimitsEverybody))
    exchanges = sum((Counter(one.asked) for one in result.verdicts), Counter[str]()).total()
    bound_s = 1.5 * exchanges / LIMIT + 30
    print(f"{exchanges} exchanges in {result.duration_s:.0f} s; 1.5 x exchanges / {LIMIT} + 30 s is {bound_s:.0f} s")
    for note in result.notes:
        print(f"note: {note}")
    others = [one for one in result.verdicts if one.outcome is not Outcome.CONFORMS]
    for (outcome, reason), count in Counter(
        (one.outcome, one.reason or f"{one.case_id}: {one.failed}") for one in others
    ).items():
        print(f"{count:4} {outcome:15} {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
