"""How this process stops: it isn't ready any more, answers for a while, and then lets what goes on end.

uvicorn stops at once when a signal comes. An orchestrator takes a moment to send its requests elsewhere, so the first
SIGTERM only begins the drain here, and is handed to uvicorn when the delay is over.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType

import uvicorn


class Drain:
    """Whether, and how, this process stops.

    Args:
        delay_s: Seconds between SIGTERM and the end of the listening.

    Attributes:
        begun: Whether it stops.
    """

    def __init__(self, delay_s: float) -> None:
        self.begun = False
        self._has_sigterm = False
        self._delay_s = delay_s
        self._server: uvicorn.Server | None = None

    def watch_signals(self) -> None:
        """Take SIGTERM and SIGINT over from uvicorn; there are none to take outside its main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        # uvicorn's own handler is a method of its server, and there is no other way to that.
        server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        if isinstance(server, uvicorn.Server):
            self._server, self._loop = server, asyncio.get_running_loop()
            signal.signal(signal.SIGTERM, self._on_sigterm)
            signal.signal(signal.SIGINT, self._on_sigint)

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        """Begin the drain; a second one ends the process at once, with what is going on in it."""
        if self._has_sigterm:
            self._end_at_once()
            return
        self.begun = self._has_sigterm = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self._delay_s, self._stop_listening)

    def _on_sigint(self, number: int, frame: FrameType | None) -> None:
        """Stop without a delay: somebody waits at the terminal."""
        assert self._server is not None
        self.begun = True
        self._server.handle_exit(number, frame)

    def _stop_listening(self) -> None:
        # Not by uvicorn's handler: it raises the signal again at the end, and the exit code wouldn't be 0.
        assert self._server is not None
        self._server.should_exit = True

    def _end_at_once(self) -> None:
        assert self._server is not None
        self._server.should_exit = self._server.force_exit = True
