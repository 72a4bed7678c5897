"""Mutants that translate are wrong in front of each provider, on cases about translation alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hopcheck.authoring.case import Case
from hopcheck.gate.catalogue import all_cases, by_key, select
from hopcheck.selftest import Cell, MatrixScore, cells, columns_of, score
from hopcheck.selftest.columns import by_provider
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import Relay
from hopcheck_server.relay.translating import TranslatingRelay, speaking

CASE = "translation.tool-choice"


def table(cases: Sequence[Case], *names: str) -> tuple[list[Cell], MatrixScore]:
    columns = [column for column in columns_of(cases) if column.name in names]

    async def main() -> list[Cell]:
        return [cell async for cell in cells(columns, cases, None)]

    matrix = asyncio.run(main())
    return matrix, score(matrix, columns, by_key(cases))


def test_a_mutant_is_a_column_for_each_of_its_providers() -> None:
    class OnGemini(TranslatingRelay):
        """It is wrong in front of Gemini."""

        providers = ("gemini",)

    providers = ["anthropic", "gemini", "ollama", "openai_responses"]
    assert [one.provider for one in by_provider(TranslatingRelay)] == providers
    assert [one.provider for one in by_provider(OnGemini)] == ["gemini"]
    assert by_provider(Relay) == [Relay]


def test_the_healthy_twin_stands_in_front_of_the_same_provider() -> None:
    twin = speaking(TranslatingRelay, "ollama").healthy()
    assert (twin.provider, twin.__name__) == ("ollama", "TranslatingRelay")
    assert Relay.healthy() is Relay


def test_a_mutant_is_killed_in_front_of_each_provider() -> None:
    cases = select(all_cases().values(), [f"{CASE}[chat]"])
    names = [f"{CASE}.KnowsNoRequired.{provider}.chat" for provider in ("anthropic", "gemini")]
    _, total = table(cases, *names)
    assert [key for key, _, _ in total.killed] == [f"{CASE}[chat@anthropic]", f"{CASE}[chat@gemini]"]


def test_what_a_dialect_has_no_word_for_counts_neither_way() -> None:
    cases = select(all_cases().values(), [f"{CASE}[chat]"])
    (cell,), total = table(cases, "honest.TranslatingRelay.ollama")
    assert cell.verdict.reason == "Ollama has no place for tool_choice"
    assert (total.unkilled, total.false_positives, total.checks) == ([], [], {f"{CASE}[chat@ollama]": set()})


def test_other_cases_need_not_be_killed_in_front_of_a_provider() -> None:
    cases = select(all_cases().values(), ["chat.schema[chat]"])
    (cell,), total = table(cases, "honest.TranslatingRelay.gemini")
    assert cell.verdict.key == "chat.schema[chat@gemini]"
    assert total.unkilled == []


@pytest.mark.parametrize("provider", TranslatingRelay.providers)
def test_a_translating_relay_is_a_target_behind_its_provider(provider: str) -> None:
    async def config() -> Any:
        async with RelayHost({"relay": speaking(TranslatingRelay, provider)}, []) as host:
            return host.context("relay").config

    found = asyncio.run(config())
    assert (found.provider, found.declares.embeddings, found.declares.fallback) == (provider, False, None)


def test_nothing_is_asked_of_a_relay_that_translates_nothing() -> None:
    cases = [replace(one) for one in select(all_cases().values(), ["translation.early-end"])]
    matrix, _ = table(cases, "healthy")
    assert matrix == []
