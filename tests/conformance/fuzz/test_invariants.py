"""What must hold on every exchange is judged on those of searches, too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hopcheck import Relay, RelayedResponse
from hopcheck.engine.sequential_cases import run_sequentially
from hopcheck.engine.verdict import Verdict
from hopcheck.fuzz.fuzz_cases import ExampleBudget, FuzzSearches
from hopcheck.fuzz.operations import CHAT, INVARIANTS, MODELS, SEQUENCES, FuzzedOperation
from hopcheck.selftest.invariants.mutants.attempts import AsksTwice
from hopcheck.selftest.relay_host import RelayHost

pytestmark = pytest.mark.commands


class DatesModelsTwice(Relay):
    """A list of models has two dates."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        dated = [("Date", "Sun, 29 Nov 2026 12:00:00 GMT")] * 2 if response.incoming.path == "/v1/models" else []
        response.headers += dated
        return response


def searched(relay: type[Relay], *operations: FuzzedOperation) -> Sequence[Verdict]:
    async def main() -> list[Verdict]:
        async with RelayHost({"relay": relay}, ()) as host:
            searches = FuzzSearches(operations, ExampleBudget(12, first_only=True))
            context, stopped = host.context("relay"), asyncio.Event()
            return [one async for one in run_sequentially(searches, context, (), stopped, lambda _case: None)]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("relay", "operation", "cause"),
    [
        (AsksTwice, CHAT, "attempts: a success is asked for again"),
        (AsksTwice, SEQUENCES, "attempts: a success is asked for again"),
        (DatesModelsTwice, MODELS, "http: header date comes more than once"),
    ],
)
def test_a_search_names_the_invariant_that_does_not_hold(
    relay: type[Relay], operation: FuzzedOperation, cause: str
) -> None:
    (verdict,) = searched(relay, operation)
    (broken,) = [finding for finding in verdict.failed if finding.check == INVARIANTS]
    assert cause in str(broken.actual)


def test_the_healthy_relay_keeps_them() -> None:
    assert [one.outcome for one in searched(Relay, CHAT, MODELS, SEQUENCES)] == ["conforms"] * 3
