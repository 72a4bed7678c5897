"""The client's scheduling priority, where client, upstream and hop share processors.

At ordinary priority a client that is due waits for its time slice, for milliseconds on a full machine, and its figures
show that as latency. At real-time priority it runs at once, as on a machine of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hopcheck_server.exits import USAGE, Stop

_LOWEST = 1


@contextmanager
def real_time(asked: bool) -> Iterator[None]:
    """If asked, run this thread, and the processes that it starts, at real-time priority while the context lasts.

    Raises:
        Stop: The system doesn't allow it, or has no real-time priority.
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
        how = "root may, and any user with CAP_SYS_NICE (docker run --cap-add SYS_NICE) or a limit (ulimit -r 1)"
        raise Stop(USAGE, f"--real-time isn't allowed here: {how}. Or leave it out.") from None
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def is_permitted() -> bool:
    """Whether the system allows real-time priority."""
    try:
        with real_time(True):
            return True
    except Stop:
        return False
