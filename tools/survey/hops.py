"""The hops of the survey, as processes in front of one upstream.

What can't be started is left out, with the reason; the others are measured all the same.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from hopcheck_server.chain import Served, Stack, serve, serve_reference
from hopcheck_server.chain.processes import ManagedProcess, ProcessError, free_port, http_status, scrubbed_environment
from hopcheck_server.relay import RelayConfig

NGINX, ENVOY, RELAY, REFERENCE, LITELLM, BOTH = NAMES = (
    "nginx",
    "envoy",
    "relay",
    "reference",
    "litellm",
    "reference+litellm",
)
"""All hops, in the order of the tables."""

START_S = 20.0

LISTENS, PASSES_TO = "127.0.0.1:8088", "127.0.0.1:9100"
"""As they stand in `nginx.conf`."""

Note = Callable[[str], None]


@dataclass(frozen=True)
class Hop:
    """A running hop.

    Attributes:
        name: One of `NAMES`.
        url: Its base URL, with its `/v1`.
        about: What it is, with its version.
        key: What clients show it.
        pid: Its process.
    """

    name: str
    url: str
    about: str
    key: str = field(default="", repr=False)
    pid: int = 0


@dataclass
class Chain:
    """The running upstream and hops.

    Attributes:
        upstream: The upstream's address, without `/v1`.
        hops: By name.
        left_out: Hops that don't run, with the reason.
    """

    upstream: str
    hops: dict[str, Hop] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def chain(names: Sequence[str], folder: Path, note: Note) -> AsyncIterator[Chain]:
    """Run an upstream and hops in front of it while the context lasts.

    Args:
        names: Which hops.
        folder: Holds the logs.
        note: Is called with what is being started.

    Raises:
        ProcessError: The upstream couldn't be started.
    """
    async with AsyncExitStack() as running:
        command = [sys.executable, "-m", "hopcheck_server.upstream", "--port", "0"]
        served = serve(command, name="the upstream", log_file=folder / "upstream.log", progress=note)
        made = Chain((await running.enter_async_context(served)).url)
        starting = _Starting(made.upstream, folder, running, note)
        for wanted, start in starting.each():
            if asked := [name for name in wanted if name in names]:
                try:
                    made.hops |= {hop.name: hop for hop in await start() if hop.name in asked}
                except ProcessError as error:
                    made.left_out |= dict.fromkeys(asked, str(error).partition(". Its log")[0])
        yield made


@dataclass(frozen=True)
class _Starting:
    upstream: str
    folder: Path
    running: AsyncExitStack
    note: Note

    def each(self) -> Sequence[tuple[Sequence[str], Callable[[], Awaitable[list[Hop]]]]]:
        """Return which hops are started by which method."""
        return [
            ((NGINX,), self.nginx),
            ((ENVOY,), self.envoy),
            ((RELAY,), self.relay),
            ((REFERENCE,), self.reference),
            ((LITELLM, BOTH), self.litellm),
        ]

    async def nginx(self) -> list[Hop]:
        """Start nginx with one worker."""
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        if program is None:
            raise ProcessError("nginx isn't installed here")
        port = free_port()
        (self.folder / "nginx.conf").write_text(nginx_config(port, self.upstream), encoding="utf-8")
        command = [program, "-p", str(self.folder.absolute()), "-c", "nginx.conf", "-e", "stderr"]
        log_file = self.folder / "nginx.log"
        process = await self.running.enter_async_context(
            ManagedProcess.start(command, name="nginx", log_file=log_file, env=scrubbed_environment())
        )
        await process.ready(lambda: http_status(port, "/v1/models"), timeout_s=START_S, progress=self.note)
        return [Hop(NGINX, f"http://127.0.0.1:{port}/v1", await _nginx_version(program), pid=process.pid)]

    async def envoy(self) -> list[Hop]:
        """Start Envoy with one worker."""
        program = _envoy_program()
        if program is None:
            raise ProcessError("Envoy isn't installed here (pip install pyvoy has it)")
        port = free_port()
        text = files("tools.gateways").joinpath("configs/envoy.yaml").read_text(encoding="utf-8")
        behind = self.upstream.rpartition(":")[2]
        (self.folder / "envoy.yaml").write_text(text.replace("@PORT@", str(port)).replace("@UPSTREAM@", behind))
        command = [program, "-c", str(self.folder / "envoy.yaml"), "--concurrency", "1", "--log-level", "warning"]
        process = await self.running.enter_async_context(
            ManagedProcess.start(command, name="Envoy", log_file=self.folder / "envoy.log", env=scrubbed_environment())
        )
        await process.ready(lambda: http_status(port, "/v1/models"), timeout_s=START_S, progress=self.note)
        return [Hop(ENVOY, f"http://127.0.0.1:{port}/v1", await _envoy_version(program), pid=process.pid)]

    async def relay(self) -> list[Hop]:
        """Start the healthy relay."""
        command = [sys.executable, "-m", "hopcheck_server.relay", "--upstream", f"{self.upstream}/v1"]
        serving = serve(command, name="the relay", log_file=self.folder / "relay.log", progress=self.note)
        served = await self.running.enter_async_context(serving)
        key = RelayConfig(upstream="").client_keys[0]
        return [Hop(RELAY, served.base_url, f"hopcheck's healthy relay, {_ours()}", key, pid_of(served))]

    async def reference(self) -> list[Hop]:
        """Start LLM-Proxy directly in front of the upstream, without LiteLLM."""
        _require_server()
        serving = serve_reference(
            self.upstream,
            "sk-upstream",
            log_file=self.folder / "reference.log",
            settings={"BACKEND": "openai"},
            progress=self.note,
        )
        served = await self.running.enter_async_context(serving)
        about = f"LLM-Proxy, BACKEND=openai, {_ours()}"
        return [Hop(REFERENCE, served.base_url, about, served.key, pid_of(served))]

    async def litellm(self) -> list[Hop]:
        """Start LiteLLM with one worker, and LLM-Proxy in front of it."""
        _require_server()
        starting = Stack.start(work_dir=self.folder, upstream_url=self.upstream, progress=self.note)
        stack = await self.running.enter_async_context(starting)
        litellm, front = stack.litellm, stack.front
        about = f"LiteLLM {litellm.version}, one worker, Python {litellm.python_version}"
        return [
            Hop(LITELLM, litellm.base_url, about, litellm.master_key, litellm.pid),
            Hop(BOTH, front.base_url, f"LLM-Proxy in front of {about}", front.key, pid_of(front)),
        ]


def nginx_config(port: int, upstream: str) -> str:
    """Return nginx's configuration for a port and an upstream."""
    text = files("tools.survey").joinpath("nginx.conf").read_text(encoding="utf-8")
    return text.replace(LISTENS, f"127.0.0.1:{port}").replace(PASSES_TO, upstream.partition("//")[2])


def pid_of(served: Served) -> int:
    """Return the id of a server's process; 0 if it was started elsewhere."""
    return served.process.pid if served.process else 0


async def _nginx_version(program: str) -> str:
    asked = await asyncio.create_subprocess_exec(program, "-v", stderr=asyncio.subprocess.PIPE)
    _, output = await asked.communicate()
    return f"nginx {output.decode().rpartition('/')[2].strip()}, one worker"


def _envoy_program() -> str | None:
    """Envoy's own program; the one that its package puts on the PATH ends with the shell that has started it."""
    package = find_spec("envoy")
    places = [Path(folder) / "_bin" / "envoy" for folder in (package and package.submodule_search_locations) or ()]
    return next((str(place) for place in places if place.exists()), shutil.which("envoy"))


async def _envoy_version(program: str) -> str:
    asked = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await asked.communicate()
    found = re.search(r"version: \w+/([\d.]+)", output.decode())
    return f"Envoy {found[1] if found else '?'}, one worker"


def _ours() -> str:
    return f"hopcheck {version('hopcheck')}, Python {platform.python_version()}"


def _require_server() -> None:
    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "uv")):
        raise ProcessError("needs the extra 'server': pip install 'hopcheck[server]'")
