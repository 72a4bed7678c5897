"""The upstream behind the hops: one that runs already, or a new process, which shares no interpreter with the client.

The measurement is blocking code; requests to the upstream's control API run in an event loop of their own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from hopcheck_server.chain import serve
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.upstream.control.client import ControlFailed, RemoteControl, probe
from hopcheck_server.upstream.journal.attempt import Times
from hopcheck_server.upstream.script.turns import Scripts

T = TypeVar("T")


class UpstreamProcess:
    """A running upstream.

    Attributes:
        url: Its address, without `/v1`.
        ours: Whether it was started here.
    """

    def __init__(self, *, port: int = 0, url: str = "") -> None:
        """Use the upstream at a URL, or the one on a port (0: a free port); there, start one if none runs."""
        self._port = port
        self.url = url.rstrip("/").removesuffix("/v1")
        self.ours = not url
        self._runner = asyncio.Runner()
        self._running = AsyncExitStack()

    def __enter__(self) -> Self:
        """Find or start the upstream.

        Raises:
            Stop: Something else holds the port, or the upstream doesn't start or doesn't answer.
        """
        try:
            self._wait(self._begin())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the upstream if it was started here."""
        self._end()

    def load(self, scripts: Scripts) -> None:
        """Add scripts to the upstream's."""
        self._wait(self._control.load(scripts))

    def take(self, scripts: Iterable[str]) -> list[Times]:
        """Take the times of some scripts' exchanges out of the upstream's journal."""
        return [times for name in scripts for times in self._wait(self._control.take(name))]

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(work)
        except ControlFailed as failed:
            raise Stop(UNTESTABLE, f"The upstream at {self.url} can't be asked: {failed}.") from failed

    async def _begin(self) -> None:
        if self.ours:
            await self._find()
        self._control = RemoteControl(self.url)
        await self._control.load({})

    async def _find(self) -> None:
        holder = "free" if self._port == 0 else await probe(self._port)
        if holder == "other":
            raise Stop(
                UNTESTABLE,
                f"Port {self._port}, where the hops expect their provider, is held by something that isn't "
                "hopcheck's upstream. Stop it, or give another --upstream-port and point the hops there.",
            )
        self.ours = holder == "free"
        self.url = await self._start() if self.ours else f"http://127.0.0.1:{self._port}"

    async def _start(self) -> str:
        folder = self._running.enter_context(tempfile.TemporaryDirectory(prefix="hopcheck-"))
        command = [sys.executable, "-m", "hopcheck_server.upstream", "--port", str(self._port)]
        log_file = Path(folder) / "upstream.log"
        try:
            served = await self._running.enter_async_context(serve(command, name="the upstream", log_file=log_file))
        except ProcessError as error:
            raise Stop(UNTESTABLE, str(error)) from error
        return served.url

    def _end(self) -> None:
        try:
            self._runner.run(self._close())
        finally:
            self._runner.close()

    async def _close(self) -> None:
        if hasattr(self, "_control"):
            await self._control.aclose()
        await self._running.aclose()
