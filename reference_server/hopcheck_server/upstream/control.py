"""How a judge speaks to the upstream, in the same process or in another one."""

from __future__ import annotations

from typing import Protocol

from hopcheck_server.upstream.journal import Attempt
from hopcheck_server.upstream.script import Scripts
from hopcheck_server.upstream.server import Upstream


class Control(Protocol):
    """What a judge asks of an upstream."""

    async def load(self, scripts: Scripts) -> None:
        """Add scripts, replacing those of the same name."""

    async def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far."""

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """The attempts of a marker once so many have come and (if `ended`) ended, or after `timeout_s` seconds."""

    async def release(self, marker: str) -> None:
        """End the attempts that are still going on."""

    async def forget(self, marker: str) -> None:
        """Release a marker, and drop what is kept of it."""

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """The attempts without a marker that came at that time (CLOCK_MONOTONIC) or later."""

    async def aclose(self) -> None:
        """Let go of the upstream; it goes on running."""


class LocalControl:
    """Control of an upstream in this event loop."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def load(self, scripts: Scripts) -> None:
        """Add scripts."""
        self._upstream.load(scripts)

    async def attempts(self, marker: str) -> list[Attempt]:
        """The attempts of a marker so far."""
        return self._upstream.journal.attempts(marker)

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait for attempts."""
        return await self._upstream.journal.wait(marker, attempts=attempts, ended=ended, timeout_s=timeout_s)

    async def release(self, marker: str) -> None:
        """End what is going on."""
        self._upstream.release(marker)

    async def forget(self, marker: str) -> None:
        """Release and forget."""
        self._upstream.forget(marker)

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """Attempts without a marker."""
        return self._upstream.journal.unmarked(since_ns)

    async def aclose(self) -> None:
        """Nothing to let go of."""
