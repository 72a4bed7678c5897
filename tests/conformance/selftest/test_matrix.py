"""The mutation matrix of a suite that isn't sound."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, reply
from hopcheck.authoring.case import Case
from hopcheck.cli import selftest
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import by_key
from hopcheck.selftest import HEALTHY, Cell, MatrixColumn, MatrixScore, cells, columns_of, score
from hopcheck.selftest.columns import url_part
from hopcheck.selftest.reach import ALWAYS, overridden, reach_of, touches
from hopcheck_server.relay.honest import HONEST_RELAYS, PrettyPrints
from hopcheck_server.relay.honest.translations import HONEST_TRANSLATIONS


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
    """It is registered as a mutant, but behaves like the healthy relay."""


@pytest.fixture
def made(case, monkeypatch):
    """Two cases: about the status, and about the body."""
    monkeypatch.setattr(sys.modules[MatrixColumn.__module__], "HONEST_RELAYS", (PrettyPrints,))
    monkeypatch.setattr(sys.modules[MatrixColumn.__module__], "HONEST_TRANSLATIONS", ())

    @case("chat.status", level="MUST", refs=["a"], upstream=reply.chat("hello"))
    async def status(target: Target) -> Findings:
        """The answer is 200."""
        answer = await target.chat.create()
        yield expect("status", answer.status, equals=200)
        yield expect("body", "hello" in answer.text, equals=True)

    @case("chat.body", level="SHOULD", refs=["a"], upstream=reply.chat("hello"))
    async def body(target: Target) -> Findings:
        """The answer contains hello."""
        yield expect("body", (await target.chat.create()).text, contains='"hello"')

    return status, body


def table(bench, cases: Sequence[Case], **options: Any) -> MatrixScore:
    columns = columns_of(cases)

    async def main() -> MatrixScore:
        matrix = [cell async for cell in cells(columns, cases, None, **options)]
        return score(matrix, columns, by_key(cases))

    total = bench.alone(main)
    assert isinstance(total, MatrixScore)
    return total


def test_a_sound_suite_holds(bench, made) -> None:
    status, body = made
    status.mutant(killed_by="status", trips=["chat.*"])(Teapot)
    status.mutant(killed_by="body")(Shouts)
    body.mutant(killed_by="body")(Shouts)
    total = table(bench, made)
    assert total.holds, total
    assert total.cells == 2 * (2 + 2)  # the healthy relay, an honest relay, two mutants
    assert sorted(total.killed) == [
        ("chat.body[chat]", "body", "Shouts"),
        ("chat.status[chat]", "body", "Shouts"),
        ("chat.status[chat]", "status", "Teapot"),
    ]
    assert table(bench, made, diagonal=True).cells == 2 * 2 + 3


def test_a_mutant_whose_check_holds_survives(bench, made) -> None:
    status, _ = made
    status.mutant(killed_by="body")(Teapot)  # a finding before it fails
    status.mutant(killed_by="status")(Harmless)
    total = table(bench, made[:1])
    assert {(name, finding) for _, finding, name, _ in total.survived} == {("Teapot", "body"), ("Harmless", "status")}
    assert total.unkilled == [("chat.status[chat]", "body"), ("chat.status[chat]", "status")]
    assert not total.holds


def test_a_failure_is_unexpected_until_it_is_announced(bench, made) -> None:
    status, body = made
    status.mutant(killed_by="body")(Shouts)
    assert [(case, relay) for case, relay, _ in table(bench, made).unexpected] == [
        ("chat.body[chat]", "chat.status.Shouts")
    ]
    object.__setattr__(body, "trips_on", ("chat.status:Sh*",))
    assert table(bench, made).unexpected == []


def test_a_crash_on_a_mutant_is_never_expected(bench, made, case) -> None:
    status, _ = made
    status.mutant(killed_by="status", trips=["*"])(Teapot)

    @case("chat.crash", level="MUST", refs=["a"])
    async def crash(target: Target) -> Findings:
        """It crashes on a teapot."""
        yield expect("number", 100 / ((await target.chat.create()).status - 418) < 0, equals=True)

    (unexpected,) = table(bench, [status, crash]).unexpected
    assert unexpected[:2] == ("chat.crash[chat]", "chat.status.Teapot")
    assert "ZeroDivisionError" in unexpected[2]


def test_a_failure_on_an_honest_relay_is_a_false_positive(bench, made, case) -> None:
    @case("chat.picky", level="MAY", refs=["a"])
    async def picky(target: Target) -> Findings:
        """The answer has no spaces."""
        yield expect("spaces", ": " in (await target.chat.create()).text, equals=False)

    (found,) = table(bench, [picky]).false_positives
    assert found[:2] == ("chat.picky[chat]", "honest.PrettyPrints")
    assert found[2] == "advisory: spaces: expected False, got True"


def test_an_empty_matrix_does_not_hold() -> None:
    assert not score([], columns_of([]), {}).holds


def test_each_honest_relay_has_a_column() -> None:
    columns = columns_of([])
    names = [f"honest.{relay.__name__}" for relay in HONEST_RELAYS]
    translations = [(one.__name__, provider) for one in HONEST_TRANSLATIONS for provider in one.providers]
    names += [url_part(f"honest.{name}.{provider}") for name, provider in translations]
    assert [column.name for column in columns] == [HEALTHY, *names]
    assert {column.provider for column in columns} == {"", "anthropic", "gemini", "ollama", "openai_responses"}
    assert columns[0].name == HEALTHY
    assert all(column.honest for column in columns)


def test_failures_are_printed(capsys, made) -> None:
    total = MatrixScore(
        cells=1,
        survived=[("chat.status[chat]", "status", "Teapot", "conforms: ")],
        unexpected=[("chat.body[chat]", "chat.status.Teapot", "advisory: body")],
        false_positives=[("chat.body[chat]", "honest.Slower", "advisory: body")],
        unkilled=[("chat.body[chat]", "[DONE]")],
    )
    selftest.print_score(total, made, columns_of(made), Console(width=400), verbose=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "survived       chat.status[chat]: Teapot should fail 'status'; conforms: "
    assert lines[1] == "unexpected     chat.body[chat] on chat.status.Teapot: advisory: body"
    assert lines[2] == "false positive chat.body[chat] on honest.Slower: advisory: body"
    assert lines[3] == "unkilled       chat.body[chat]: no mutant fails '[DONE]'"
    assert "1 survived, 0 inert, 1 unexpected, 1 false positives, 1 checks that kill no mutant" in lines[4]


def test_a_failure_that_does_not_show_again_does_not_count(bench, made, capsys) -> None:
    status, body = made
    status.mutant(killed_by="status", trips=["chat.*"])(Teapot)
    status.mutant(killed_by="body")(Shouts)  # no `trips` announces `chat.body`: that shows again
    body.mutant(killed_by="body")(Mumbles)
    columns, known = columns_of(made), by_key(made)

    async def main() -> list[Cell]:
        return [cell async for cell in cells(columns, made, None)]

    def held_up(cell: Cell) -> Cell:
        stood_still = "the event loop stood still"
        late = Verdict(cell.verdict.case_id, Outcome.UNTESTABLE, "it was silent for 5 s", held_up=stood_still)
        return replace(cell, verdict=late) if (cell.column, cell.verdict.key) in places else cell

    places = {("honest.PrettyPrints", "chat.body[chat]"), ("chat.status.Teapot", "chat.status[chat]")}
    matrix = [held_up(cell) for cell in bench.alone(main)]
    first = score(matrix, columns, known)
    assert (len(first.survived), len(first.false_positives), len(first.suspicious)) == (1, 1, 4)
    second = selftest.rerun_suspicious(matrix, first, columns, known, Console(width=400))
    assert (second.cells, second.survived, second.false_positives) == (first.cells, [], [])
    assert {case_id for case_id, _, _ in second.unexpected} == {"chat.status[chat]", "chat.body[chat]"}
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == [
        "once only      chat.body[chat] on honest.PrettyPrints: untestable: it was silent for 5 s",
        "once only      chat.status[chat] on chat.status.Teapot: untestable: it was silent for 5 s",
    ]


def test_a_column_is_skipped_where_a_case_reaches_none_of_it(bench, made) -> None:
    class NeverFallsBack(Relay):
        """A failing provider has no fallback."""

        async def fall_back(self, outgoing, failure) -> str | None:
            return None

    status, body = made
    reach = bench.alone(lambda: reach_of(made, 4))
    assert {"authorize", "request", "response"} <= reach["chat.status[chat]"]["chat"]
    assert not any("fall_back" in names for names in reach["chat.status[chat]"].values())
    assert touches(Teapot, reach[status.key])
    assert not touches(NeverFallsBack, reach[body.key])
    assert overridden(Teapot) == {"response"}


def test_a_column_is_skipped_where_its_operation_is_not_asked(bench, made) -> None:
    reach = bench.alone(lambda: reach_of(made, 4))
    assert touches(Teapot, reach[made[0].key], "chat")
    assert not touches(Teapot, reach[made[0].key], "embeddings")


class SetUp(Relay):
    """Its own set-up may change anything."""

    def __init__(self, config) -> None:
        super().__init__(config)


def test_a_relay_with_its_own_set_up_touches_every_case() -> None:
    assert touches(SetUp, {ALWAYS: frozenset(), "chat": frozenset()})


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
