"""Sequence tests on relays: the healthy one passes, and a lasting fault is reported with the steps that led to it."""

from __future__ import annotations

import asyncio

import pytest

from hopcheck import Failure, IncomingRequest, Relay, RelayedResponse
from hopcheck.fuzz.sequences.checked_requests import SequenceFailure
from hopcheck.fuzz.sequences.search import SequenceTests, run_sequences
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost

pytestmark = pytest.mark.commands

FEW = SequenceTests(number=4, steps=8, grace_s=0.3, shrink_s=0)
MANY = SequenceTests(number=40, steps=10, seed=3, grace_s=0.3, shrink_s=0)


def run_on(relay: type[Relay], tests: SequenceTests) -> SequenceFailure | None:
    async def main() -> SequenceFailure | None:
        async with RelayHost({"relay": relay}, ()) as bench:
            return await run_sequences(bench.context("relay"), bench.control, tests)

    return asyncio.run(main())


def mutant(case_id: str, name: str) -> type[Relay]:
    return next(one.relay for one in all_cases()[case_id].mutants if one.name == name)


class NeverForgives(Relay):
    """After a provider's 429 everybody is refused with 429, for ever."""

    resting = False

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self.resting = self.resting or failure.status == 429
        return await super().failed(incoming, failure)

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return self.limited(incoming, ()) if self.resting else await super().limit(incoming)


class GivesTheLastAnswer(Relay):
    """When the provider fails, every client gets the last good answer."""

    last: RelayedResponse | None = None

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status == 200 and not response.streamed:
            self.last = response
        return response

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        answer = await super().failed(incoming, failure)
        return RelayedResponse(incoming, 200, self.last.headers, self.last.body) if self.last else answer


DiesOfGarbage = mutant("timeout.after-alive", "DiesOfGarbage")
KeepsSlots = mutant("cancel.slot-release", "KeepsSlots")


def test_the_healthy_relay_passes() -> None:
    assert run_on(Relay, FEW) is None


@pytest.mark.parametrize(
    ("relay", "step", "problem"),
    [
        (NeverForgives, "for which the provider has a 429", "a healthy request got 429"),
        (DiesOfGarbage, "for which the provider has", "a healthy request got nothing"),
        (KeepsSlots, "the client of a stream that was begun leaves", "a healthy request to narrow-model got 429"),
    ],
)
def test_a_lasting_fault_is_reported_with_its_steps(relay, step: str, problem: str) -> None:
    found = run_on(relay, MANY)
    assert found is not None
    summary, _, story = str(found).partition(", after\n")
    assert summary.startswith(problem)
    assert step in story


def test_an_intermittent_fault_is_shrunk() -> None:
    found = run_on(GivesTheLastAnswer, SequenceTests(number=40, steps=6, grace_s=0.3, shrink_s=10))
    assert found is not None
    summary, _, story = str(found).partition(", after\n")
    assert summary.startswith("an answer holds zq")
    assert summary.endswith(", another request's word")
    assert story.startswith("  1. an answer, for which the provider has ")
    assert len(story.splitlines()) == 1


def test_a_target_that_fails_at_once_needs_no_step() -> None:
    class Refuses(Relay):
        """Every request is refused."""

        async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
            return self.limited(incoming, ())

    assert "after nothing at all" in str(run_on(Refuses, FEW))
