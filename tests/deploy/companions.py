"""Companions of LiteLLM: a real Redis and a real Postgres, from Debian's packages, on free ports."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hopcheck_server.chain.processes import ManagedProcess, free_port

UNPRIVILEGED = 65534
"""Whom Postgres runs as where we are root: it refuses to run as root."""

START_TIMEOUT_S = 60.0


@asynccontextmanager
async def redis(work_dir: Path) -> AsyncIterator[int]:
    """Run a Redis that keeps nothing; its port."""
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    log_file = work_dir / "redis.log"
    async with ManagedProcess.start(command, name="Redis", log_file=log_file, env={}, cwd=work_dir) as process:
        await process.ready(lambda: _pong(port), timeout_s=START_TIMEOUT_S)
        yield port


async def _pong(port: int) -> bool | None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return None
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n" or None
    finally:
        writer.close()


@asynccontextmanager
async def postgres(work_dir: Path) -> AsyncIterator[str]:
    """Run a Postgres with an empty database; its URL. The data are deleted with it."""
    port, programs = free_port(), postgres_programs()
    assert programs is not None
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    with tempfile.TemporaryDirectory(prefix="hopcheck-postgres-") as folder:
        data, prefix = Path(folder) / "data", _drop_privileges(Path(folder))
        await asyncio.to_thread(_make_data, [*prefix, programs / "initdb"], data)
        starting = ManagedProcess.start(
            [*prefix, programs / "postgres", "-D", data, *options],
            name="Postgres",
            log_file=work_dir / "postgres.log",
            env={},
            cwd=Path(folder),
        )
        async with starting as process:
            await process.ready(lambda: process.logged("ready to accept connections"), timeout_s=START_TIMEOUT_S)
            yield f"postgresql://litellm@127.0.0.1:{port}/postgres"


def _make_data(initdb: Sequence[str | Path], folder: Path) -> None:
    options = ["--username=litellm", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
    command = [*initdb, "--pgdata", folder, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder.parent)


def postgres_programs() -> Path | None:
    """The folder of Postgres' own programs, which Debian doesn't put on the path; None without Postgres."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(path).resolve().parent if (path := shutil.which("initdb") or (found and found[-1])) else None


def _drop_privileges(folder: Path) -> Sequence[str]:
    """The beginning of a command that runs as somebody else where we are root, to whom the folder is given."""
    if os.geteuid():
        return []
    os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
    return ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
