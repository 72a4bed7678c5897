"""The upstream as a process of its own: starts it, says where it listens, and ends it on a signal."""

from __future__ import annotations

import fcntl
import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.upstream.server import PortInUse, Upstream
from hopcheck_server.wire import event_loop
from hopcheck_server.wire.event_loop import stop_event

CANT_LISTEN = 3

DESCRIPTORS = 4096
"""For how many there is room from the start, or for as many as the system allows."""

_GC = (2_000, 1_000, 10)
"""How many new objects bring on a garbage collection, and how many of those one of the older objects.

Every stream waits while it looks: a millisecond for that many, and far longer for all that the journal holds, where a
cycle is rare.
"""


def run(scripts: Scripts, host: str = "127.0.0.1", port: int = 0, *, open_control: bool = False) -> int:
    """Run an upstream until SIGTERM or SIGINT.

    Prints `hopcheck upstream on URL` when it is ready.

    Returns:
        The exit code: 0 after SIGTERM, 130 after SIGINT, 3 if it can't listen there.
    """
    try:
        return event_loop.run(_serve(scripts, host, port, open_control))
    except OSError as error:
        reason = error.strerror if isinstance(error, PortInUse) else f"can't listen on {host}:{port}: {error}"
        print(f"hopcheck upstream: {reason}", file=sys.stderr)
        return CANT_LISTEN


async def _serve(scripts: Scripts, host: str, port: int, open_control: bool) -> int:
    stopped = stop_event()
    async with await Upstream.start(scripts, host=host, port=port, open_control=open_control) as upstream:
        _make_room()
        gc.freeze()
        gc.set_threshold(*_GC)
        print(f"hopcheck upstream on {upstream.url}", flush=True)
        await stopped.wait()
    return stopped.exit_code


def _make_room() -> None:
    """Let the table of descriptors grow now: later, the kernel would hold up all streams for ten milliseconds."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    room = DESCRIPTORS if allowed == resource.RLIM_INFINITY else min(DESCRIPTORS, allowed)
    with suppress(OSError), Path(os.devnull).open() as null:
        os.close(fcntl.fcntl(null, fcntl.F_DUPFD, room - 1))
