"""Gates relays that are wrong now and then, and prints how many of the runs were red.

`python -m tools.rare_faults [--runs 10]`: one sends `[DONE]` twice in every tenth stream, one answers every fiftieth
request with a 429 or a 500 of its own, one gives every hundredth response to the next client. A gate that judges every
exchange is red, or calls a case flaky, in each run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

from hopcheck import DONE, Events, IncomingRequest, Relay, RelayConfig, RelayedResponse, refuse
from hopcheck.engine.verdict import FAILING, Outcome
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.report.causes import causes_of
from hopcheck.selftest.relay_host import RelayHost


class Counts(Relay):
    """Counts its requests."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.counter = itertools.count(1)

    def is_nth(self, number: int) -> bool:
        """Whether this is one in that many."""
        return next(self.counter) % number == 0


class EndsEveryTenthTwice(Counts):
    """Every tenth stream ends twice."""

    async def events(self, events: Events) -> Events:
        """Add a second end to some."""
        async for event in events:
            yield event
        if self.is_nth(10):
            yield DONE


class RefusesEveryFiftieth(Counts):
    """Every fiftieth request is answered with a 429 or a 500 of the relay's own."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse some."""
        number = next(self.counter)
        if number % 50 == 0:
            return refuse(incoming, 429 if number % 100 else 500, "Try again.")
        return await super().check(incoming)


class SwapsEveryHundredth(Counts):
    """Every hundredth whole response is the one of the request before it."""

    last = b""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Exchange some."""
        if response.origin != "provider" or response.streamed or response.status != 200:
            return response
        before, self.last = self.last, response.body
        return replace(response, body=before) if self.is_nth(100) and before else response


async def run_gate(relay: type[Relay]) -> GateResult:
    """Gate a relay."""
    cases = select(all_cases().values())
    async with RelayHost({"relay": relay}, cases) as host:
        context = host.context("relay")
        options = GateOptions(config=context.config, cases=cases)
        return await gate(options, asyncio.Event(), lambda *_: None, nullcontext(context))


def reasons(result: GateResult) -> list[str]:
    """Why a run is red: the cases that fail, and the causes."""
    causes = [cause.key for cause in causes_of(result.verdicts) if cause.outcome is Outcome.DEVIATES]
    return causes + [f"{one.key} {one.outcome}" for one in result.verdicts if one.outcome in FAILING]


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each run; the exit code is 1 if one of them was green."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args(words).runs
    green = 0
    for relay in (EndsEveryTenthTwice, RefusesEveryFiftieth, SwapsEveryHundredth):
        found = [reasons(asyncio.run(run_gate(relay))) for _ in range(runs)]
        red = sum(map(bool, found))
        green += runs - red
        print(f"{relay.__name__}: red in {red} of {runs} runs; {found[0][:4]}")
    return 1 if green else 0


if __name__ == "__main__":
    raise SystemExit(main())
