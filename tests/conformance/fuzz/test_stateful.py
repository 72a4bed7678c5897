"""Walks through relays: the healthy one gets through all of them, what goes wrong for good is found by its steps."""

from __future__ import annotations

import asyncio

import pytest

from hopcheck import Failure, IncomingRequest, Relay, RelayedResponse
from hopcheck.fuzz.sequence import Strayed
from hopcheck.fuzz.sequence_search import Walks, walk
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost

FEW = Walks(number=4, steps=8, grace_s=0.3, shrink_s=0)
MANY = Walks(number=40, steps=10, seed=3, grace_s=0.3, shrink_s=0)


def walked(relay: type[Relay], walks: Walks) -> Strayed | None:
    async def main() -> Strayed | None:
        async with RelayHost({"relay": relay}, ()) as bench:
            return await walk(bench.context("relay"), bench.control, walks)

    return asyncio.run(main())


def mutant(case_id: str, name: str) -> type[Relay]:
    return next(one.relay for one in all_cases()[case_id].mutants if one.name == name)


class NeverForgives(Relay):
    """After a provider's 429 everybody is told to come back later, for ever."""

    resting = False

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self.resting = self.resting or failure.status == 429
        return await super().failed(incoming, failure)

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return self.limited(incoming, ()) if self.resting else await super().limit(incoming)


class GivesTheLastAnswer(Relay):
    """When the provider fails, the last good answer is given, whoever got it."""

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


def test_the_healthy_relay_gets_through() -> None:
    assert walked(Relay, FEW) is None


@pytest.mark.parametrize(
    ("relay", "step", "said"),
    [
        (NeverForgives, "for which the provider has a 429", "a healthy request got 429"),
        (DiesOfGarbage, "for which the provider has", "a healthy request got nothing"),
        (KeepsSlots, "the client of a stream that was begun leaves", "a healthy request to narrow-model got 429"),
    ],
)
def test_what_goes_wrong_for_good_is_told_with_the_steps_that_led_there(relay, step: str, said: str) -> None:
    found = walked(relay, MANY)
    assert found is not None
    told, _, story = str(found).partition(", after\n")
    assert told.startswith(said)
    assert step in story


def test_what_goes_wrong_now_and_then_is_made_as_short_as_it_gets() -> None:
    found = walked(GivesTheLastAnswer, Walks(number=40, steps=6, grace_s=0.3, shrink_s=10))
    assert found is not None
    told, _, story = str(found).partition(", after\n")
    assert told.startswith("an answer holds zq")
    assert told.endswith(", another request's word")
    assert story.startswith("  1. an answer, for which the provider has ")
    assert len(story.splitlines()) == 1


def test_a_target_that_was_never_well_is_told_so() -> None:
    class Refuses(Relay):
        """Everything is refused."""

        async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
            return self.limited(incoming, ())

    assert "after nothing at all" in str(walked(Refuses, FEW))
