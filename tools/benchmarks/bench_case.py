"""What a case costs in addition to the target's own time: the engine, the client, the findings, the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from hopcheck.client.config import TargetConfig
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_contracts.sse import DONE, event_of
from hopcheck_server.relay import Relay
from hopcheck_server.wire.server import Server, ServerExchange

CASES = all_cases()
WITHOUT_UPSTREAM = replace(CASES["stream.done-once"], needs=frozenset())
"""A case on a target whose stream is canned: it needs no upstream here."""

CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": "fake-model"}


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    """One event of a stream, as it is written."""
    return event_of({**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).raw


PIECES = [chunk({"role": "assistant", "content": "Hel"}), chunk({"content": "lo"}), chunk({}, "stop")]
STREAM = b"".join([*PIECES, DONE.raw])


async def say(exchange: ServerExchange) -> None:
    """The same stream to everybody."""
    await exchange.start(200, [("content-type", "text/event-stream")], "chunked")
    await exchange.write(STREAM)
    await exchange.finish()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


def test_a_case_on_a_canned_target(benchmark: Any, runner: asyncio.Runner) -> None:
    server = runner.run(_start())
    try:
        context = RunContext(TargetConfig(name="canned", base_url=f"http://127.0.0.1:{server.port}/v1"), None)
        verdict = benchmark(_each(runner, lambda: run_case(WITHOUT_UPSTREAM, context)))
    finally:
        runner.run(server.aclose())
    assert verdict.outcome is Outcome.CONFORMS, verdict


@pytest.mark.parametrize("case_id", ["chat.schema", "stream.done-once"])
def test_a_case_on_the_relay(benchmark: Any, runner: asyncio.Runner, case_id: str) -> None:
    bench = RelayHost({"relay": Relay}, [CASES[case_id]])
    runner.run(bench.__aenter__())
    try:
        verdict = benchmark(_each(runner, lambda: run_case(CASES[case_id], bench.context("relay"))))
    finally:
        runner.run(bench.__aexit__(None, None, None))
    assert verdict.outcome is Outcome.CONFORMS, verdict


async def _start() -> Server:
    return await Server(say).start()


def _each(runner: asyncio.Runner, make: Callable[[], Coroutine[Any, Any, Verdict]]) -> Callable[[], Verdict]:
    return lambda: runner.run(make())
