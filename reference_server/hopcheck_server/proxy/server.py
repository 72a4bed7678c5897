"""Runs the application under uvicorn, and prints its address."""

from __future__ import annotations

import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from hopcheck_server.exits import INTERRUPTED, USAGE
from hopcheck_server.proxy.app import create_app
from hopcheck_server.proxy.edge.limits import EdgeLimits
from hopcheck_server.proxy.edge.protocol import EdgeProtocol
from hopcheck_server.proxy.memory.kernel_buffers import bound_buffers
from hopcheck_server.proxy.memory.large_blocks import return_large_blocks
from hopcheck_server.proxy.settings import (
    ProxySettingsError,
    Settings,
    export_variables,
    load_settings,
    unknown_variables,
)
from hopcheck_server.proxy.settings.outline import outline
from hopcheck_server.proxy.telemetry.log import configure_logging
from hopcheck_server.proxy.workers import serve_with_workers
from hopcheck_server.wire.event_loop import raise_interrupt_on

KEEPALIVE_S = 75
"""Longer than the idle time of common clients, so that the clients close first."""


class _AnnouncingServer(uvicorn.Server):
    """Prints the address, on one line of stdout, when it accepts requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(url_of(sockets[0]), flush=True)


def url_of(listener: socket.socket) -> str:
    """Return the address of a listening socket as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_config(settings: Settings) -> uvicorn.Config:
    """Make uvicorn's configuration for one process."""
    return uvicorn.Config(create_app(settings), **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options, which are the same for one process and for several."""
    limits = EdgeLimits(settings.head_timeout_s, settings.send_timeout_s, settings.max_clients)
    return {
        "http": partial(EdgeProtocol, limits=limits),
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": KEEPALIVE_S,
        "timeout_graceful_shutdown": max(1, round(settings.shutdown_grace_s)),
    }


def listen(host: str, port: int) -> socket.socket:
    """Bind a listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only for such sockets: otherwise each
    # response that is written in two parts waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_buffers(listener)
        listener.bind((host, port))
        listener.listen(2048)
    except BaseException:
        listener.close()
        raise
    return listener


def run(settings: Settings, host: str, port: int, workers: int = 1) -> int:
    """Serve until interrupted; return the exit code."""
    try:
        listener = listen(host, port)
    except (OSError, OverflowError) as error:
        return _complain([f"Can't listen on {host}:{port}: {getattr(error, 'strerror', None) or error}."])
    configure_logging(settings.log_level, settings.log_format)
    with listener:
        if workers > 1:
            return serve_with_workers(server_options(settings), listener, workers, url_of(listener))
        return_large_blocks()
        # uvicorn raises the signal that stopped it again when it has stopped.
        raise_interrupt_on(signal.SIGINT)
        try:
            _AnnouncingServer(make_config(settings)).run(sockets=[listener])
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def run_from_environment(
    host: str, port: int, *, env_file: Path | None = None, check: bool = False, workers: int = 1
) -> int:
    """Read the settings and serve, or print one sentence for each mistake in them; return the exit code.

    Args:
        host: Where to listen.
        port: 0 takes a free one.
        env_file: Holds variables that the environment lacks.
        check: Print what would run, and stop.
        workers: How many processes serve.
    """
    try:
        settings = load_settings(env_file)
    except ProxySettingsError as error:
        return _complain(error.mistakes)
    for sentence in unknown_variables(env_file):
        print(sentence, file=sys.stderr)
    if check:
        print(outline(settings, f"http://{f'[{host}]' if ':' in host else host}:{port}"))
        return 0
    if workers > 1 and env_file is not None:
        export_variables(env_file)
    return run(settings, host, port, workers)


def _complain(mistakes: list[str]) -> int:
    print(*mistakes, sep="\n", file=sys.stderr)
    return USAGE
