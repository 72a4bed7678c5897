"""Helpers: a translating relay as a target whose model reaches Anthropic's dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from hopcheck.client.config import ProviderModels
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Verdict
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import Relay
from hopcheck_server.relay.translating import TranslatingRelay

Judge = Callable[..., dict[str, Verdict]]


async def judge(relay: type[Relay], *patterns: str, provider: str = "anthropic") -> dict[str, Verdict]:
    """The verdicts on a relay, by the cases' names with their operations and the provider."""
    is_translated = provider in TranslatingRelay.providers and issubclass(relay, TranslatingRelay)
    operations = ("chat", "chat.stream") if is_translated else ("chat", "chat.stream", "embeddings")
    cases = [case for case in select(all_cases().values(), patterns) if case.operation in operations]
    async with RelayHost({"relay": relay}, cases) as host:
        context = host.context("relay")
        config = replace(
            context.config, providers={provider: ProviderModels(chat="fake-model", embedding="fake-embedding")}
        )
        context = replace(context, config=config.behind(provider))
        return {verdict.key: verdict async for verdict in run(cases, context, jobs=4)}


@pytest.fixture
def judged() -> Judge:
    return lambda relay, *patterns, **options: asyncio.run(judge(relay, *patterns, **options))
