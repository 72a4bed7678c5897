"""Starts upstream, LiteLLM and the reference proxy, each in front of the one before, and stops them together."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck_server.chain.description import ServerRow, describe
from hopcheck_server.chain.listening import Served, serve
from hopcheck_server.chain.litellm import DEFAULT_VERSION, LiteLLM, config_for
from hopcheck_server.chain.processes import ManagedProcess, Progress, ending
from hopcheck_server.chain.reference import CHAT_MODEL, serve_reference

Wire = Callable[[str], AbstractAsyncContextManager[str]]
"""Runs something in front of a server (at an address without `/v1`), and gives the new address for clients."""


@dataclass(frozen=True)
class Stack:
    """A running chain.

    Attributes:
        upstream: The scripted provider.
        upstream_key: The key that LiteLLM sends it.
        backup_key: The key that LiteLLM sends it for the backup model.
        litellm: LiteLLM in front of it.
        proxy: The reference proxy in front of LiteLLM, if there is one.
    """

    upstream: Served
    upstream_key: str = field(repr=False)
    backup_key: str = field(repr=False)
    litellm: LiteLLM
    proxy: Served | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        work_dir: Path,
        upstream_command: Sequence[str | Path] | None = None,
        upstream_url: str | None = None,
        litellm_version: str = DEFAULT_VERSION,
        exclude_newer: str | None = None,
        config: Path | None = None,
        proxy: bool = True,
        wire: Wire | None = None,
        progress: Progress | None = None,
    ) -> AsyncIterator["Stack"]:
        """Run the chain while the context lasts; all of it is ready when the context begins.

        Args:
            work_dir: Holds the servers' logs: `upstream.log`, `litellm.log`, `reference.log`.
            upstream_command: Starts an upstream that prints a line with its URL when it is ready.
            upstream_url: The address of a running one, without `/v1`. One of the two is needed.
            litellm_version: LiteLLM's version, which is installed first if necessary.
            exclude_newer: An ISO date for the dependencies of an old LiteLLM.
            config: LiteLLM's configuration; the suite's own if none is given.
            proxy: Whether to put the reference proxy in front.
            wire: Something to run between the reference proxy and LiteLLM.
            progress: Called about once a second with a line about the state.

        Raises:
            ProcessError: One of them couldn't be started.
            ValueError: Not exactly one upstream was given.
        """
        if (upstream_command is None) == (upstream_url is None):
            raise ValueError("give either upstream_command or upstream_url")
        start = _Start(work_dir, progress)
        keys = _Keys()
        async with AsyncExitStack() as stack:
            if upstream_command is None:
                upstream = Served(str(upstream_url).rstrip("/").removesuffix("/v1"))
            else:
                upstream = await stack.enter_async_context(start.upstream(upstream_command))
            chosen = config or config_for(litellm_version, work_dir)
            starting = start.litellm(chosen, litellm_version, exclude_newer, upstream, keys)
            litellm = await stack.enter_async_context(starting)
            reference = await stack.enter_async_context(start.proxy(litellm, wire)) if proxy else None
            yield cls(upstream, keys.upstream, keys.backup, litellm, reference)

    @property
    def processes(self) -> list[ManagedProcess]:
        """The processes that were started, from the upstream to the front."""
        proxy = self.proxy.process if self.proxy else None
        return [process for process in (self.upstream.process, self.litellm.process, proxy) if process]

    @property
    def front(self) -> Served:
        """The server for clients."""
        return self.proxy or Served(self.litellm.url, self.litellm.master_key, self.litellm.process)

    async def watch(self) -> None:
        """Wait as long as all of it runs.

        Raises:
            ProcessError: One of the processes ended.
        """
        ends = {asyncio.create_task(process.wait()): process for process in self.processes}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        first = done.pop()
        raise ends[first].error(ending(first.result()))

    def describe(self) -> str:
        """Return addresses, a curl line and an `openai` snippet that work when pasted."""
        rows = [
            ServerRow("upstream", self.upstream.base_url, self.upstream_key, self.upstream.process),
            ServerRow(
                f"LiteLLM {self.litellm.version}", self.litellm.base_url, self.litellm.master_key, self.litellm.process
            ),
        ]
        if self.proxy:
            rows.append(ServerRow("reference proxy", self.proxy.base_url, self.proxy.key, self.proxy.process))
        return describe(rows, CHAT_MODEL)


@dataclass(frozen=True)
class _Keys:
    """The keys that LiteLLM sends to its providers."""

    # No words: "the hopcheck upstream" in an answer has ten characters of a key that begins with "sk-upstream".
    upstream: str = field(default_factory=lambda: f"sk-{secrets.token_hex(16)}", repr=False)
    backup: str = field(default_factory=lambda: f"sk-{secrets.token_hex(16)}", repr=False)


@dataclass(frozen=True)
class _Start:
    """Starts the three servers."""

    work_dir: Path
    progress: Progress | None

    def upstream(self, command: Sequence[str | Path]) -> AbstractAsyncContextManager[Served]:
        return serve(command, name="the upstream", log_file=self.work_dir / "upstream.log", progress=self.progress)

    def litellm(
        self, config: Path, version: str, exclude_newer: str | None, upstream: Served, keys: _Keys
    ) -> AbstractAsyncContextManager[LiteLLM]:
        env = {
            "HOPCHECK_UPSTREAM_URL": upstream.base_url,
            "HOPCHECK_UPSTREAM_ROOT": upstream.url,
            "HOPCHECK_VLLM_URL": f"{upstream.url}/vllm/v1",
            "OLLAMA_API_BASE": upstream.url,  # else LiteLLM asks the machine's own Ollama about each of its models
            "HOPCHECK_UPSTREAM_KEY": keys.upstream,
            "HOPCHECK_BACKUP_KEY": keys.backup,
        }
        return LiteLLM.start(
            config,
            log_file=self.work_dir / "litellm.log",
            env=env,
            version=version,
            exclude_newer=exclude_newer,
            progress=self.progress,
        )

    @asynccontextmanager
    async def proxy(self, litellm: LiteLLM, wire: Wire | None) -> AsyncIterator[Served]:
        log_file = self.work_dir / "reference.log"
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(wire(litellm.url)) if wire else litellm.url
            serving = serve_reference(url, litellm.master_key, log_file=log_file, progress=self.progress)
            yield await stack.enter_async_context(serving)
