"""Runs a server of hopcheck's as a child process, which prints its address when it is ready."""

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck_server.chain.processes import ManagedProcess, Progress, scrubbed_environment

_URL = re.compile(r"https?://[^\s'\"/]+")
_START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        url: Its address, without `/v1`.
        key: The key for clients, or "".
        process: Its process; None if it was running already.
    """

    url: str
    key: str = field(default="", repr=False)
    process: ManagedProcess | None = None

    @property
    def base_url(self) -> str:
        """Its address for clients, with `/v1`."""
        return f"{self.url}/v1"

    @property
    def port(self) -> int:
        """The port of its address."""
        return int(self.url.rpartition(":")[2])


@asynccontextmanager
async def serve(
    command: Sequence[str | Path],
    *,
    name: str,
    log_file: Path,
    env: Mapping[str, str] | None = None,
    key: str = "",
    progress: Progress | None = None,
) -> AsyncIterator[Served]:
    """Run a server that prints a line with its URL when it is ready, while the context lasts.

    Args:
        command: Program and arguments.
        name: Its name in messages.
        log_file: The file for its output.
        env: Environment variables, in addition to those that any program needs.
        key: The key for clients.
        progress: Called about once a second with a line about the state.

    Raises:
        ProcessError: It ended, or printed no address.
    """
    async with ManagedProcess.start(command, name=name, log_file=log_file, env=_environment(env or {})) as process:
        url = await process.ready(lambda: _url(process), timeout_s=_START_TIMEOUT_S, progress=progress)
        yield Served(url, key, process)


async def _url(process: ManagedProcess) -> str | None:
    # Only whole lines: the end of an address may not have been written yet.
    whole, _, _ = process.log_text().rpartition("\n")
    found = _URL.search(whole)
    return found.group() if found else None


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    # These servers run on our own Python, and have to find the same modules.
    path = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return scrubbed_environment({**path, "PYTHONUNBUFFERED": "1", **extra})
