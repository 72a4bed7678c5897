"""Who goes first where client, upstream and hop share processors.

At ordinary priority a client that is due waits until others have had their turn, for milliseconds on a full machine,
and its figures say so of the hop or of itself. At real-time priority it runs at once, as on a machine of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hopcheck_server.exits import USAGE, Stop

_LOWEST = 1


@contextmanager
def real_time(asked: bool) -> Iterator[None]:
    """While it lasts, this thread runs before all that is ordinary, and so do processes that it starts.

    Raises:
        Stop: The system doesn't allow it, or has no such thing.
    """
    if not asked:
        yield
        return
    if not hasattr(os, "sched_setscheduler"):
        raise Stop(USAGE, "--real-time works on Linux only: leave it out.")
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_LOWEST))
    except PermissionError:
        how = "root may, and whoever has CAP_SYS_NICE (docker run --cap-add SYS_NICE) or a limit (ulimit -r 1)"
        raise Stop(USAGE, f"--real-time isn't allowed here: {how}. Or leave it out.") from None
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def permitted() -> bool:
    """Whether the system allows it."""
    try:
        with real_time(True):
            return True
    except Stop:
        return False
