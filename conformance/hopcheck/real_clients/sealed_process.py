"""Runs a program in an environment of its own: an empty home, no variable of this process, and no other host."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hopcheck.client.listener import Listener, listener


@dataclass(frozen=True, kw_only=True)
class ProcessEnd:
    """How a program ended.

    Attributes:
        exit_code: None if it was ended, because its time was over.
        stdout: What it printed.
        stderr: The same of its other output.
        hosts: The hosts that it tried to reach by the proxy of its environment, which lets nothing pass.
        duration_s: How long it ran.
    """

    exit_code: int | None
    stdout: str
    stderr: str
    hosts: Sequence[str]
    duration_s: float


@asynccontextmanager
async def empty_home() -> AsyncIterator[Path]:
    """A folder for one run, with an empty working folder in it; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-client-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "work").mkdir()
        yield Path(folder)


async def run_sealed(command: Sequence[str], home: Path, variables: Mapping[str, str], limit_s: float) -> ProcessEnd:
    """Run a program to its end, or for `limit_s` seconds.

    Args:
        command: The program and its arguments.
        home: See `empty_home`.
        variables: What it has besides HOME, PATH and the proxy.
        limit_s: After this time it is killed, and whatever it has started.
    """
    async with listener() as refusing:
        began = time.monotonic()
        process = await _started(command, home / "work", {**_sealed(home, refusing), **variables})
        stdout, stderr, is_over = await _output(process, limit_s)
        return ProcessEnd(
            exit_code=None if is_over else process.returncode,
            stdout=stdout.decode(errors="replace"),
            stderr=stderr.decode(errors="replace"),
            hosts=_hosts(refusing),
            duration_s=time.monotonic() - began,
        )


def _sealed(home: Path, refusing: Listener) -> dict[str, str]:
    """The environment: everything but this machine is behind a proxy that closes every connection."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), refusing.url)
    here = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost,::1")
    return {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": str(home), **proxies, **here}


async def _started(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    """A process that has been started; where this is cancelled meanwhile, it has ended."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        process = await starting
        _kill(process)
        await process.communicate()
        raise


async def _output(process: asyncio.subprocess.Process, limit_s: float) -> tuple[bytes, bytes, bool]:
    reading = asyncio.ensure_future(process.communicate())
    try:
        done, _ = await asyncio.wait({reading}, timeout=limit_s)
    finally:
        _kill(process)
        stdout, stderr = await reading
    return stdout, stderr, not done


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process, and what it has left behind: it was the first of its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _hosts(refusing: Listener) -> list[str]:
    """The hosts that were asked for, each once."""
    targets = [head.split(b" ")[1] for head in refusing.heads if head.count(b" ") >= 2]
    names = [target.decode("latin-1").partition("://")[2] or target.decode("latin-1") for target in targets]
    return sorted({name.partition("/")[0] for name in names})
