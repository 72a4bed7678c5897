"""What `demo` and `stack` share: the check that the servers are installed, and the progress while they start."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rich.console import Console

from hopcheck.cli.exits import USAGE, Stop
from hopcheck.gate.unfit import Unfit

if TYPE_CHECKING:
    from hopcheck_server.chain import Stack

T = TypeVar("T")

UPSTREAM_COMMAND = (sys.executable, "-m", "hopcheck", "upstream", "--port", "0")
"""Starts an upstream that knows every case's script."""


def require_server() -> None:
    """Check that the chain's servers are installed.

    Raises:
        Stop: They aren't; the text says how to install them.
    """
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "uv")):
        raise Stop(USAGE, "this needs the reference proxy and LiteLLM's launcher: pip install 'hopcheck[server]'")


EXIT_GRACE_S = 2.0
"""How long a process may take to exit after its last connection: a crash may write a core file first."""


async def while_it_runs(stack: Stack, work: Coroutine[Any, Any, T], stopped: asyncio.Event) -> T:
    """Run some work with the chain.

    Args:
        stack: The chain.
        work: The work.
        stopped: Ends the work early; set here if one of the chain's processes exits.

    Raises:
        ProcessError: A process exited; it explains more than the failure of the work.
        Unfit: The work raised it, and all processes run.
    """
    watching = asyncio.ensure_future(stack.watch())
    watching.add_done_callback(lambda _: stopped.set())
    try:
        return await work
    except Unfit:
        await asyncio.wait({watching}, timeout=EXIT_GRACE_S)
        raise
    finally:
        if watching.done():
            watching.result()
        watching.cancel()


class StartupProgress:
    """Shows what the start is waiting for: in place on a terminal, a line for each new step in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("") if console.is_terminal else None
        self._last = ""

    def __call__(self, text: str) -> None:
        """Show the current step: words, perhaps followed by ` … ` and how long it has taken."""
        doing = text.partition(" … ")[0]
        if self._status is not None:
            self._status.update(text)
        elif doing != self._last:
            self._console.print(doing, highlight=False)
        self._last = doing

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
