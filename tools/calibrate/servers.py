"""The servers that are measured, each in a process of its own."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from hopcheck_server.chain import serve


@contextmanager
def relays(upstream_url: str) -> Iterator[str]:
    """Run the relays of `delays` in front of an upstream; yields their common base URL."""
    with hosted("the relays", "tools.calibrate.delays", "--upstream", f"{upstream_url}/v1") as url:
        yield url


@contextmanager
def hosted(name: str, module: str, *words: str) -> Iterator[str]:
    """Run a module that serves and prints its URL; yields the URL."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder, asyncio.Runner() as runner:
        running = AsyncExitStack()
        serving = serve([sys.executable, "-m", module, *words], name=name, log_file=Path(folder) / "server.log")
        try:
            yield runner.run(running.enter_async_context(serving)).url
        finally:
            runner.run(running.aclose())
