"""What the kill table says of a suite that isn't sound."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, reply
from hopcheck.authoring.findings import Outcome, Verdict
from hopcheck.authoring.registry import Case
from hopcheck.cli import selftest as prove
from hopcheck.selftest import HEALTHY, Cell, Column, Proof, cells, columns, weigh
from hopcheck.selftest.reach import overridden, reach_of, touches
from hopcheck_server.relay.honest import HONEST_RELAYS, PrettyPrints


class Teapot(Relay):
    """All answers are 418."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, status=418)


class Shouts(Relay):
    """Answers are in capitals."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, body=response.body.upper())


class Mumbles(Shouts):
    """The same, by another name."""


class Harmless(Relay):
    """It is said to be wrong, but isn't."""


@pytest.fixture
def made(case, monkeypatch):
    """Two cases: about the status, and about the body."""
    monkeypatch.setattr(sys.modules[Column.__module__], "HONEST_RELAYS", (PrettyPrints,))

    @case("chat.status", level="MUST", refs=["a"], upstream=reply.chat("hello"))
    async def status(target: Target) -> Findings:
        """The answer is 200."""
        answer = await target.chat.create()
        yield expect("status", answer.status, equals=200)
        yield expect("body", "hello" in answer.text, equals=True)

    @case("chat.body", level="SHOULD", refs=["a"], upstream=reply.chat("hello"))
    async def body(target: Target) -> Findings:
        """The answer says hello."""
        yield expect("body", (await target.chat.create()).text, contains='"hello"')

    return status, body


def table(bench, cases: Sequence[Case], **options: Any) -> Proof:
    of = columns(cases)

    async def main() -> Proof:
        return weigh([cell async for cell in cells(of, cases, None, **options)], of, {case.id: case for case in cases})

    proof = bench.alone(main)
    assert isinstance(proof, Proof)
    return proof


def test_a_sound_suite_holds(bench, made) -> None:
    status, body = made
    status.mutant(killed_by="status", trips=["chat.*"])(Teapot)
    status.mutant(killed_by="body")(Shouts)
    body.mutant(killed_by="body")(Shouts)
    proof = table(bench, made)
    assert proof.holds, proof
    assert proof.cells == 2 * (2 + 2)  # the healthy relay, a variant, two mutants
    assert sorted(proof.noticed) == [
        ("chat.body", "body", "Shouts"),
        ("chat.status", "body", "Shouts"),
        ("chat.status", "status", "Teapot"),
    ]
    assert table(bench, made, diagonal=True).cells == 2 * 2 + 3


def test_what_is_not_noticed_by_its_finding_is_missed(bench, made) -> None:
    status, _ = made
    status.mutant(killed_by="body")(Teapot)  # a finding before it fails
    status.mutant(killed_by="status")(Harmless)
    proof = table(bench, made[:1])
    assert {(name, finding) for _, finding, name, _ in proof.missed} == {("Teapot", "body"), ("Harmless", "status")}
    assert proof.unbroken == [("chat.status", "body"), ("chat.status", "status")]
    assert not proof.holds


def test_what_nobody_expects_is_unexpected_until_it_is_said(bench, made) -> None:
    status, body = made
    status.mutant(killed_by="body")(Shouts)
    assert [(case, relay) for case, relay, _ in table(bench, made).unexpected] == [("chat.body", "chat.status.Shouts")]
    object.__setattr__(body, "trips_on", ("chat.status:Sh*",))
    assert table(bench, made).unexpected == []


def test_a_crash_on_a_mutant_is_never_expected(bench, made, case) -> None:
    status, _ = made
    status.mutant(killed_by="status", trips=["*"])(Teapot)

    @case("chat.crash", level="MUST", refs=["a"])
    async def crash(target: Target) -> Findings:
        """It can't stand a teapot."""
        yield expect("number", 100 / ((await target.chat.create()).status - 418) < 0, equals=True)

    (unexpected,) = table(bench, [status, crash]).unexpected
    assert unexpected[:2] == ("chat.crash", "chat.status.Teapot")
    assert "ZeroDivisionError" in unexpected[2]


def test_a_case_that_minds_an_honest_difference_is_told(bench, made, case) -> None:
    @case("chat.picky", level="MAY", refs=["a"])
    async def picky(target: Target) -> Findings:
        """The answer has no spaces."""
        yield expect("spaces", ": " in (await target.chat.create()).text, equals=False)

    (minded,) = table(bench, [picky]).minded
    assert minded[:2] == ("chat.picky", "variant.PrettyPrints")
    assert minded[2] == "advisory: spaces: expected False, got True"


def test_an_empty_table_proves_nothing() -> None:
    assert not weigh([], columns([]), {}).holds


def test_the_healthy_relay_and_every_variant_have_a_column() -> None:
    of = columns([])
    assert [column.relay for column in of] == [Relay, *HONEST_RELAYS]
    assert of[0].name == HEALTHY
    assert all(column.honest for column in of)


def test_what_is_wrong_is_printed(capsys, made) -> None:
    proof = Proof(
        cells=1,
        missed=[("chat.status", "status", "Teapot", "conforms: ")],
        unexpected=[("chat.body", "chat.status.Teapot", "advisory: body")],
        minded=[("chat.body", "variant.Slower", "advisory: body")],
        unbroken=[("chat.body", "[DONE]")],
    )
    prove._print(proof, made, columns(made), Console(width=400), verbose=False)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "missed     chat.status: Teapot should break 'status'; conforms: "
    assert told[1] == "unexpected chat.body on chat.status.Teapot: advisory: body"
    assert told[2] == "minded     chat.body on the honest variant.Slower: advisory: body"
    assert told[3] == "unbroken   chat.body: no mutant breaks '[DONE]'"
    assert "1 missed, 1 unexpected, 1 red on honest relays, 1 findings that nothing breaks" in told[4]


def test_what_shows_once_only_is_told_and_does_not_count(bench, made, capsys) -> None:
    status, body = made
    status.mutant(killed_by="status", trips=["chat.*"])(Teapot)
    status.mutant(killed_by="body")(Shouts)  # nobody says that `chat.body` minds it: that shows again
    body.mutant(killed_by="body")(Mumbles)
    of, known = columns(made), {case.id: case for case in made}

    async def main() -> list[Cell]:
        return [cell async for cell in cells(of, made, None)]

    def held_up(cell: Cell) -> Cell:
        late = Verdict(cell.verdict.case_id, Outcome.UNTESTABLE, "it was silent for 5 s")
        return replace(cell, verdict=late) if (cell.column, cell.verdict.case_id) in places else cell

    places = {("variant.PrettyPrints", "chat.body"), ("chat.status.Teapot", "chat.status")}
    table = [held_up(cell) for cell in bench.alone(main)]
    first = weigh(table, of, known)
    assert (len(first.missed), len(first.minded), len(first.suspicious)) == (1, 1, 4)
    second = prove.look_again(table, first, of, known, Console(width=400))
    assert (second.cells, second.missed, second.minded) == (first.cells, [], [])
    assert {case_id for case_id, _, _ in second.unexpected} == {"chat.status", "chat.body"}
    told = capsys.readouterr().out.splitlines()
    assert sorted(told) == [
        "once only  chat.body on variant.PrettyPrints: untestable: it was silent for 5 s",
        "once only  chat.status on chat.status.Teapot: untestable: it was silent for 5 s",
    ]


def test_cells_that_are_known_are_left_out(bench, made) -> None:
    class NeverFallsBack(Relay):
        """Only a case whose provider fails can notice."""

        async def fall_back(self, outgoing, failure) -> str | None:
            return None

    status, body = made
    reach = bench.alone(lambda: reach_of(made, 4))
    assert {"authorize", "request", "response"} <= reach["chat.status"]
    assert "fall_back" not in reach["chat.status"]
    assert touches(Teapot, status, reach)
    assert not touches(NeverFallsBack, body, reach)
    assert overridden(Teapot) == {"response"}


class SetUp(Relay):
    """Its own set-up may change anything."""

    def __init__(self, config) -> None:
        super().__init__(config)


def test_a_relay_with_a_set_up_of_its_own_touches_every_case(made) -> None:
    assert touches(SetUp, made[0], {"chat.status": frozenset()})


def test_the_incoming_request_is_known_to_every_method(bench, made) -> None:
    seen: list[IncomingRequest] = []

    class Looks(Relay):
        """Healthy."""

        async def response(self, response: RelayedResponse) -> RelayedResponse:
            seen.append(response.incoming)
            return response

    bench.judge(made[:1], Looks)
    assert [one.path for one in seen] == ["/v1/chat/completions"]
    assert seen[0].key == "hopcheck-client-key"
