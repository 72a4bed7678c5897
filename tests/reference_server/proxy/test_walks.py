"""The reference proxy gets through walks of every kind of request, and mixes nothing up."""

from __future__ import annotations

import asyncio

from hopcheck.client.config import TargetConfig
from hopcheck.engine.run import RunContext
from hopcheck.fuzz.sequence_search import Walks, walk
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

WALKS = Walks(number=4, steps=8, grace_s=2.0, shrink_s=10)


def test_walks(start) -> None:
    async def main() -> object:
        async with await Upstream.start() as upstream:
            client = await asyncio.to_thread(start, backend="openai", litellm_proxy_url=upstream.url)
            key = client.headers["authorization"].removeprefix("Bearer ")
            config = TargetConfig(name="reference", base_url=f"{str(client.base_url).rstrip('/')}/v1", api_key=key)
            control = LocalControl(upstream)
            return await walk(RunContext(config, control, read_timeout_s=10.0), control, WALKS)

    assert asyncio.run(main()) is None
