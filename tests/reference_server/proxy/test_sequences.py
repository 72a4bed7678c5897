"""The reference proxy passes sequence tests."""

from __future__ import annotations

import asyncio

from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import RunContext
from hopcheck.fuzz.sequences.search import SequenceTests, run_sequences
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

TESTS = SequenceTests(number=4, steps=8, grace_s=2.0, shrink_s=10)


def test_the_proxy_passes_sequences(start) -> None:
    async def main() -> object:
        async with await Upstream.start() as upstream:
            client = await asyncio.to_thread(start, backend="openai", litellm_proxy_url=upstream.url)
            key = client.headers["authorization"].removeprefix("Bearer ")
            config = TargetConfig(name="reference", base_url=f"{str(client.base_url).rstrip('/')}/v1", api_key=key)
            control = LocalControl(upstream)
            return await run_sequences(RunContext(config, control, read_timeout_s=10.0), control, TESTS)

    assert asyncio.run(main()) is None
