"""Mutants are met again by the reports of their cases; what shows once only isn't."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hopcheck import Findings, Relay, RelayedResponse, Target, expect, reply
from hopcheck.authoring.mutants import Mutant
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.selftest.columns import columns_of
from hopcheck.selftest.reproduction import MutantReport, mutant_reports, unreproduced

SAMPLE = (
    "errors.status*[chat.stream]",
    "errors.shape[embeddings]",
    "errors.sdk-class[chat]",
    "chat.content-exact",
    "stream.done-once",
    "models.list*",
)


def test_a_sample_of_mutants_is_reproduced() -> None:
    cases = select(all_cases().values(), SAMPLE)
    reports = mutant_reports(columns_of(cases), cases)
    assert len(reports) >= 10

    async def main():
        return await unreproduced(reports, jobs=4)

    assert asyncio.run(main()) == []


class FailsOnce(Relay):
    """The first request of all fails."""

    failed_once: list[str] = []  # noqa: RUF012 - shared by all relays of this class, on purpose

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if self.failed_once:
            return response
        self.failed_once.append(response.incoming.path)
        return replace(response, status=500)


def test_what_shows_once_only_is_not_reproduced(case) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))
    async def one(target: Target) -> Findings:
        """It answers."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    report = MutantReport("FailsOnce", FailsOnce, Mutant("FailsOnce", "It fails once.", FailsOnce, "status"), one)

    async def main():
        return await unreproduced([report], jobs=1)

    assert asyncio.run(main()) == ["chat.one[chat] on FailsOnce: 'status' holds now"]
