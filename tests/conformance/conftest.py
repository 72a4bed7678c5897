"""Helpers: cases for one test only, and relays to judge with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from hopcheck.authoring import registry
from hopcheck.authoring.case import Case
from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import RunContext
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Verdict
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import Relay
from hopcheck_server.wire.server import Server, ServerExchange

READ_TIMEOUT_S = 10.0
"""For what must happen; a test that needs it fails."""


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The decorator `case`, with a registry of its own."""
    monkeypatch.setattr(registry, "REGISTRY", {})
    return registry.case


def alone(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run, and see that no task is left."""

    async def guarded() -> Any:
        async with asyncio.timeout(READ_TIMEOUT_S):
            result = await main()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if left:  # a generator that was left half-way is being closed, say
                await asyncio.wait(left, timeout=1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(guarded())


def judge(cases: Sequence[Case], relay: type[Relay] = Relay, **options: Any) -> dict[str, Verdict]:
    """The verdicts on a relay, by case, in the order in which they were made."""

    async def main() -> dict[str, Verdict]:
        async with RelayHost({"relay": relay}, cases) as bench:
            return {one.case_id: one async for one in run(cases, bench.context("relay"), **options)}

    return dict(alone(main))


@asynccontextmanager
async def answering(handler: Callable[[ServerExchange], Awaitable[None]]) -> AsyncIterator[str]:
    """The base URL of a server that does as its handler says."""
    async with await Server(handler).start() as server:
        yield f"http://127.0.0.1:{server.port}/v1"


def one_sided(base_url: str, **more: Any) -> RunContext:
    return RunContext(TargetConfig(name="t", base_url=base_url), None, read_timeout_s=READ_TIMEOUT_S, **more)


def checks(verdict: Verdict) -> list[tuple[str, bool]]:
    """The findings, by name."""
    return [(finding.check, finding.ok) for finding in verdict.findings]


@pytest.fixture
def bench() -> SimpleNamespace:
    return SimpleNamespace(alone=alone, judge=judge, answering=answering, one_sided=one_sided, checks=checks)
