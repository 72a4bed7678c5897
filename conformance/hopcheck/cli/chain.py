"""What `demo` and `stack` share: what the chain needs, and what is shown while it starts."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rich.console import Console

from hopcheck.cli.exits import USAGE, Stop
from hopcheck.gate.preflight import Unfit

if TYPE_CHECKING:
    from hopcheck_server.chain import Stack

T = TypeVar("T")

UPSTREAM_COMMAND = (sys.executable, "-m", "hopcheck", "upstream", "--port", "0")
"""Starts an upstream that knows every case's script."""


def require_server() -> None:
    """See that the chain's servers are installed.

    Raises:
        Stop: They aren't; the text says how to get them.
    """
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "uv")):
        raise Stop(USAGE, "this needs the reference proxy and LiteLLM's launcher: pip install 'hopcheck[server]'")


TOLD_S = 2.0
"""How much later than its last connection a process's end may be told; a crash may write its memory to a file first."""


async def while_it_runs(stack: Stack, work: Coroutine[Any, Any, T], stopped: asyncio.Event) -> T:
    """Do some work with the chain.

    Args:
        stack: The chain.
        work: What is done.
        stopped: Ends the work in order; set here if one of the chain's processes ends.

    Raises:
        ProcessError: One ended, and says more than what the work came to.
        Unfit: The work came to that, and all of them run.
    """
    watching = asyncio.ensure_future(stack.watch())
    watching.add_done_callback(lambda _: stopped.set())
    try:
        return await work
    except Unfit:
        await asyncio.wait({watching}, timeout=TOLD_S)
        raise
    finally:
        if watching.done():
            watching.result()
        watching.cancel()


class Teller:
    """Says what is being waited for: in place on a terminal, a line for each new thing in a log."""

    def __init__(self, console: Console) -> None:
        """Say it there."""
        self._console = console
        self._status = console.status("") if console.is_terminal else None
        self._last = ""

    def __call__(self, text: str) -> None:
        """Say what is being waited for now: words, and perhaps ` … ` and how long it has taken."""
        doing = text.partition(" … ")[0]
        if self._status is not None:
            self._status.update(text)
        elif doing != self._last:
            self._console.print(doing, highlight=False)
        self._last = doing

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it off the screen."""
        if self._status is not None:
            self._status.stop()
