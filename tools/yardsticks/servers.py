"""The servers that are compared, each a process, and the processor time that they use."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hopcheck_server.chain.processes import free_port

KEY = "yardstick-key"


@dataclass(frozen=True)
class Arm:
    """A way to the upstream.

    Attributes:
        name: In the tables.
        port: Where it listens.
        pid: Its process; None for the upstream itself, whose cost isn't asked.
    """

    name: str
    port: int
    pid: int | None = None

    def cpu_s(self) -> float:
        """Processor time used so far, in seconds: the scheduler's count, which is in nanoseconds."""
        if self.pid is None:
            return 0.0
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@asynccontextmanager
async def upstream() -> AsyncIterator[Arm]:
    """Run hopcheck's scripted upstream."""
    async with _process([sys.executable, "-m", "hopcheck_server.upstream"], {}) as (line, _):
        yield Arm("direct", int(line.rpartition(":")[2]))


@asynccontextmanager
async def reference(behind: Arm, variables: Mapping[str, str], name: str = "reference") -> AsyncIterator[Arm]:
    """Run LLM-Proxy in front of the upstream."""
    settings = {
        "LLM_PROXY__LLM_MODE": "litellm",
        "LLM_PROXY__LITELLM_PROXY_URL": f"http://127.0.0.1:{behind.port}",
        "LLM_PROXY__INTERNAL_API_KEY": KEY,
        "LLM_PROXY__LOG_LEVEL": "warning",
        **variables,
    }
    command = [sys.executable, "-m", "hopcheck_server.proxy", "--port", "0"]
    async with _process(command, settings) as (line, pid):
        yield Arm(name, int(line.rpartition(":")[2]), pid)


@asynccontextmanager
async def thin_relay(behind: Arm) -> AsyncIterator[Arm]:
    """Run the bare relay in front of the upstream."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tools.yardsticks.thin_relay:app", "--port", str(port)]
    options = ["--no-access-log", "--log-level", "warning", "--http", "httptools", "--loop", "uvloop"]
    settings = {"UPSTREAM": f"http://127.0.0.1:{behind.port}"}
    async with _process([*command, *options], settings, announces=False) as (_, pid):
        await _listening(port)
        yield Arm("thin relay", port, pid)


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)  # uvicorn announces nothing that can be awaited
            continue
        writer.close()
        return


@asynccontextmanager
async def _process(
    command: Sequence[str], variables: Mapping[str, str], *, announces: bool = True
) -> AsyncIterator[tuple[str, int]]:
    """Run a server until the end of the block; gives its first line, which ends with its address, and its id."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **variables}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode().strip() if announces else ""
        yield line, process.pid
    finally:
        process.terminate()
        await process.wait()
