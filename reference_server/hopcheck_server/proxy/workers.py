"""Several processes that serve one port: uvicorn's supervisor, with one address, one set of metrics and one end.

A worker that dies is replaced. SIGHUP replaces all of them, one after another, each when its successor serves.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import uvicorn
from prometheus_client import multiprocess
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from hopcheck_server.exits import HOLDS, INTERRUPTED
from hopcheck_server.proxy.app import create_app
from hopcheck_server.proxy.memory.large_blocks import return_large_blocks
from hopcheck_server.proxy.settings import load_settings
from hopcheck_server.proxy.telemetry.log import configure_logging
from hopcheck_server.proxy.telemetry.metrics import WORKERS_FOLDER

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger("hopcheck.proxy")

START_TIMEOUT_S = 60.0
"""Until a worker serves."""


def worker_app() -> FastAPI:
    """Make the application of one worker, of the settings in the environment."""
    return_large_blocks()
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    return create_app(settings)


def serve_with_workers(options: Mapping[str, Any], listener: socket.socket, workers: int, url: str) -> int:
    """Serve until a signal; return the exit code.

    Args:
        options: uvicorn's.
        listener: Shared by all workers.
        workers: How many.
        url: Printed when all of them serve.
    """
    config = uvicorn.Config(
        f"{__name__}:{worker_app.__name__}",
        factory=True,
        workers=workers,
        timeout_worker_healthcheck=round(START_TIMEOUT_S),
        **options,
    )
    with tempfile.TemporaryDirectory(prefix="llm-proxy-metrics-") as folder:
        os.environ.setdefault(WORKERS_FOLDER, folder)
        supervisor = _Supervisor(config, [listener], url)
        supervisor.run()
    return supervisor.exit_code


class _Supervisor(Multiprocess):
    """uvicorn's supervisor, which announces the address, and waits for no worker while it has something else to do.

    Attributes:
        exit_code: 130 after SIGINT, otherwise 0.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], url: str) -> None:
        super().__init__(config, sockets)
        self.exit_code = HOLDS
        self._url = url
        self._retired: list[Process] = []

    def init_processes(self) -> None:
        """Start the workers, and print the address when all of them serve."""
        super().init_processes()
        if all(process.wait_until_ready(START_TIMEOUT_S) for process in self.processes):
            print(self._url, flush=True)

    def restart_all(self) -> None:
        """Replace each worker as soon as a new one serves; the old one ends when what goes on in it has ended.

        uvicorn's own waits for that end, and until then for no signal.
        """
        for place, old in enumerate(self.processes):
            if signal.SIGTERM in self.signal_queue or (new := self._successor()) is None:
                return
            self.processes[place] = new
            old.terminate()
            self._retired.append(old)

    def _successor(self) -> Process | None:
        new = Process(self.config, self.sockets)
        new.start()
        if new.wait_until_ready(START_TIMEOUT_S):
            return new
        log.error("A new worker wasn't ready in time: the old ones stay.")
        new.kill()
        new.join()
        return None

    def keep_subprocess_alive(self) -> None:
        """Replace what has died, and take it and what was replaced before out of the gauges."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        gone = [process for process in self._retired if not process.process.is_alive()]
        self._retired = [process for process in self._retired if process not in gone]
        for pid in (before | {process.pid for process in gone}) - {process.pid for process in self.processes}:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def handle_int(self) -> None:
        """Stop as after SIGTERM, with another exit code."""
        self.exit_code = INTERRUPTED
        super().handle_int()

    def join_all(self) -> None:
        """Wait for the workers, and hand a further SIGTERM on to them: it ends them at once."""
        # The workers have it, too, and close it; open here, it would still take connections, which nobody serves.
        for listener in self.sockets:
            listener.close()
        for process in [*self.processes, *self._retired]:
            while process.process.is_alive():
                process.process.join(0.1)
                if signal.SIGTERM in self.signal_queue:
                    self.signal_queue.clear()
                    self._end_at_once()

    def _end_at_once(self) -> None:
        for process in [*self.processes, *self._retired]:
            if process.process.is_alive():
                process.process.terminate()
