"""Every invariant finds its mutants on each operation, and no fault in honest relays."""

from __future__ import annotations

import asyncio
from enum import StrEnum

import pytest

from hopcheck import OutgoingRequest
from hopcheck.authoring.findings import Level
from hopcheck.engine.exchange_judge import JUDGED_INVARIANTS
from hopcheck.engine.invariants.stream_grammar import STREAM_GRAMMAR, cause_of
from hopcheck.engine.verdict import Occurrence, Verdict
from hopcheck.report.causes import INVARIANTS
from hopcheck.selftest.invariants import mutants
from hopcheck.selftest.invariants.probes import PROBES
from hopcheck.selftest.invariants.registry import INVARIANT_MUTANTS, InvariantMutant, invariant_mutant
from hopcheck.selftest.invariants.trials import false_positives, is_found, survivors
from hopcheck_contracts.grammar.messages import MessageRule
from hopcheck_contracts.grammar.response_rules import ResponseRule
from hopcheck_contracts.grammar.stream_reader import Breach
from hopcheck_server.relay import Relay


class Harmless(Relay):
    """It is as the healthy relay."""


class ForgetsTheTemperature(Relay):
    """A relay that is no honest one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({name: value for name, value in outgoing.json.items() if name != "temperature"})


def test_a_mutant_of_each_invariant_is_found_everywhere() -> None:
    """`hopcheck selftest --invariants` holds it of every mutant."""
    assert mutants.__all__
    first = {one.invariant: one for one in reversed(INVARIANT_MUTANTS)}
    assert asyncio.run(survivors(list(first.values()))) == []


def test_the_healthy_relay_breaks_no_invariant() -> None:
    assert asyncio.run(false_positives([Relay])) == []


def test_a_fault_of_a_relay_that_ought_to_be_honest_shows() -> None:
    (chat, streamed) = asyncio.run(false_positives([ForgetsTheTemperature]))
    assert chat.startswith(
        "invariants.chat on ForgetsTheTemperature: conforms: request-fidelity: temperature is missing"
    )
    assert streamed.startswith("invariants.chat.stream on ForgetsTheTemperature: ")


def test_a_mutant_that_does_nothing_survives() -> None:
    harmless = InvariantMutant(Harmless, "request-fidelity", ("chat", "embeddings"))
    assert asyncio.run(survivors([harmless])) == [
        "request-fidelity.Harmless survived on chat",
        "request-fidelity.Harmless survived on embeddings",
    ]


@pytest.mark.parametrize("invariant", JUDGED_INVARIANTS, ids=lambda one: one.name)
def test_every_invariant_has_a_mutant_on_each_of_its_operations(invariant) -> None:
    assert invariant.name in INVARIANTS
    broken = {name for one in INVARIANT_MUTANTS if one.invariant == invariant.name for name in one.operations}
    assert broken == (invariant.operations or set(PROBES))


@pytest.mark.parametrize(("operation", "rules"), [("messages.stream", MessageRule), ("responses.stream", ResponseRule)])
def test_every_rule_of_a_stream_has_a_mutant(operation: str, rules: type[StrEnum]) -> None:
    """What doesn't fit its schema is found by `contract.event`."""
    texts = ("id has no stop reason and no message_stop", "id comes again")  # some rules are broken in two ways
    causes = {cause_of(Breach(rule, "", text)) for rule in rules if rule.name != "SCHEMA" for text in texts}
    named = {one.cause for one in INVARIANT_MUTANTS if one.invariant == STREAM_GRAMMAR and operation in one.operations}
    assert causes == named - {""}


def test_names_are_unique() -> None:
    names = [one.name for one in INVARIANT_MUTANTS]
    assert len(set(names)) == len(names)


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"chat\.streams"):
        invariant_mutant("secrets", "chat.streams")


def test_another_operation_s_occurrence_is_not_it() -> None:
    assert not is_found(Verdict("a.b", "conforms"), "secrets", "chat")


def test_another_cause_is_not_it() -> None:
    one = Occurrence("stream-grammar", "there is a [DONE]", "", Level.SHOULD, "messages.stream")
    verdict = Verdict("a.b", "conforms", occurrences=(one,))
    assert is_found(verdict, "stream-grammar", "messages.stream")
    assert is_found(verdict, "stream-grammar", "messages.stream", "there is a [DONE]")
    assert not is_found(verdict, "stream-grammar", "messages.stream", "a block is not closed")
